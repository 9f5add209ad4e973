import type { UserIdentity } from "convex/server";
import type { JSONValue } from "convex/values";
import { badRequest } from "../http/http.js";

/** Claims that say how the token is to be used, not who the user is. */
const REGISTERED = new Set(["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]);

/** Standard claims of OpenID Connect, by the names Convex has for them. */
const STANDARD: Readonly<Record<string, string>> = {
  name: "name",
  given_name: "givenName",
  family_name: "familyName",
  nickname: "nickname",
  preferred_username: "preferredUsername",
  profile: "profileUrl",
  picture: "pictureUrl",
  website: "websiteUrl",
  email: "email",
  email_verified: "emailVerified",
  gender: "gender",
  birthdate: "birthday",
  zoneinfo: "timezone",
  locale: "language",
  phone_number: "phoneNumber",
  phone_number_verified: "phoneNumberVerified",
  address: "address",
  updated_at: "updatedAt",
};

/**
 * The identity that a verified token's claims make up.
 * @param flatten whether claims within claims become fields such as `address.city`, as Convex does
 * for custom JWTs
 */
export function toUserIdentity(
  claims: Readonly<Record<string, unknown>>,
  flatten: boolean,
): UserIdentity {
  const custom: [string, JSONValue][] = [];
  const standard: [string, JSONValue][] = [];
  for (const [claim, value] of Object.entries(claims) as [
    string,
    JSONValue,
  ][]) {
    if (REGISTERED.has(claim)) continue;
    if (Object.hasOwn(STANDARD, claim)) {
      standard.push([STANDARD[claim]!, standardValue(claim, value)]);
    } else if (flatten) custom.push(...flattened(claim, value));
    else custom.push([claim, value]);
  }
  // Later fields win: no claim whose name the token chose replaces a verified field.
  return {
    ...Object.fromEntries([...custom, ...standard]),
    ...named(String(claims["iss"]), String(claims["sub"])),
  };
}

/** The identity an administrator asks to act as: `{subject, issuer, …}` or with a tokenIdentifier. */
export function toActingIdentity(
  attributes: Readonly<Record<string, unknown>>,
): UserIdentity {
  const { subject, issuer, tokenIdentifier } = attributes;
  if (
    typeof subject !== "string" ||
    typeof issuer !== "string" ||
    (tokenIdentifier !== undefined && typeof tokenIdentifier !== "string")
  ) {
    throw badRequest(
      "BadActingIdentity",
      "The identity to act as needs a subject and an issuer, both strings, and may have a tokenIdentifier.",
    );
  }
  return { ...named(issuer, subject), ...attributes };
}

function named(issuer: string, subject: string) {
  return { tokenIdentifier: `${issuer}|${subject}`, subject, issuer };
}

/** The value of a standard claim. A time is seconds in a token and RFC 3339 in an identity. */
function standardValue(claim: string, value: JSONValue): JSONValue {
  if (claim !== "updated_at" || typeof value !== "number") return value;
  const time = new Date(value * 1_000);
  return Number.isNaN(time.getTime()) ? value : time.toISOString();
}

function flattened(path: string, value: JSONValue): [string, JSONValue][] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return [[path, value]];
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    inner === undefined ? [] : flattened(`${path}.${key}`, inner),
  );
}
