import type { UserIdentity } from "convex/server";
import type { JSONValue } from "convex/values";
import { badRequest } from "../http/http.js";

/** Claims that say how a token is to be used, not who the user is. */
const REGISTERED = new Set(["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]);

/** Claims of OpenID Connect that say how a user signed in, and which Convex keeps to itself. */
const OF_SIGN_IN = [
  ...["auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash"],
  // How long ago it was changes with each token, and queries would run anew for it.
  "fva",
];

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

type Claims = Readonly<Record<string, unknown>>;

/** The identity that the claims of an OpenID Connect token make up. */
export function oidcIdentity(claims: Claims): UserIdentity {
  const left = new Set([...REGISTERED, ...OF_SIGN_IN]);
  const custom: [string, JSONValue][] = [];
  const standard: [string, JSONValue][] = [];
  for (const [claim, value] of entriesOf(claims)) {
    if (left.has(claim)) continue;
    if (Object.hasOwn(STANDARD, claim)) {
      const shown = standardValue(claim, value);
      if (shown !== undefined) standard.push([STANDARD[claim]!, shown]);
    } else custom.push([claim, value]);
  }
  // Later fields win: no claim whose name the token chose replaces a verified field.
  return {
    ...Object.fromEntries([...custom, ...standard]),
    ...named(claims),
  };
}

/**
 * The identity that the claims of a custom JWT make up: each under its own name, and those within
 * claims as fields such as `address.city`.
 */
export function customIdentity(claims: Claims): UserIdentity {
  const fields = entriesOf(claims)
    .filter(([claim]) => !REGISTERED.has(claim) && claim !== "fva")
    .flatMap(([claim, value]) => flattened(claim, value));
  return { ...Object.fromEntries(fields), ...named(claims) };
}

function entriesOf(claims: Claims): [string, JSONValue][] {
  return Object.entries(claims) as [string, JSONValue][];
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
  return { ...named({ iss: issuer, sub: subject }), ...attributes };
}

function named({ iss, sub }: Claims) {
  const [issuer, subject] = [String(iss), String(sub)];
  return { tokenIdentifier: `${issuer}|${subject}`, subject, issuer };
}

/**
 * The value of a standard claim. A time is seconds in a token and RFC 3339 in an identity; of an
 * address the identity has the one line that is for people.
 */
function standardValue(claim: string, value: JSONValue): JSONValue | undefined {
  if (claim === "address") return lineOf(value);
  if (claim !== "updated_at" || typeof value !== "number") return value;
  const time = new Date(value * 1_000);
  return Number.isNaN(time.getTime())
    ? value
    : time.toISOString().replace(/(\.000)?Z$/, "+00:00");
}

function lineOf(address: JSONValue): string | undefined {
  if (typeof address !== "object" || address === null) return undefined;
  const { formatted } = address as { formatted?: unknown };
  return typeof formatted === "string" ? formatted : undefined;
}

function flattened(path: string, value: JSONValue): [string, JSONValue][] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return [[path, value]];
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    inner === undefined ? [] : flattened(`${path}.${key}`, inner),
  );
}
