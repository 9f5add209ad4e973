import type { JSONValue } from "convex/values";
import { loadModules } from "../../functions/realm/loader.js";
import type { Restrictions } from "../../functions/realm/restrictions.js";
import type { ModuleSource } from "../../functions/types.js";
import { describeJson, isJsonObject } from "../http/body.js";
import { badRequest, type HttpError } from "../http/http.js";

/** An issuer whose tokens are accepted, in the form in which the CLI is told of it. */
export type AuthProvider = OidcProvider | CustomJwtProvider;

/** A provider whose keys are found by OpenID Connect discovery at its domain. */
export interface OidcProvider {
  /** The issuer, with its scheme, as tokens have it in `iss`. */
  readonly domain: string;
  readonly applicationID: string;
}

/** A provider whose keys are at a configured address. */
export interface CustomJwtProvider {
  readonly type: "customJwt";
  readonly issuer: string;
  /** http(s) address of the key set, or the set itself as a `data:` URI. */
  readonly jwks: string;
  readonly algorithm: "RS256" | "ES256";
  /** Audience of accepted tokens; null accepts any. */
  readonly applicationID: string | null;
}

/** Path of the pushed module that configures the providers. */
export const AUTH_CONFIG_PATH = "auth.config.js";

/**
 * The providers of the app's auth.config, evaluated with the environment of the push; none without
 * the module.
 */
export async function evaluateAuthConfig(
  modules: ReadonlyMap<string, ModuleSource>,
  options: { env: Readonly<Record<string, string>>; nowMs: number },
): Promise<AuthProvider[]> {
  if (!modules.has(AUTH_CONFIG_PATH)) return [];
  let unset: string | undefined;
  const restrictions: Restrictions = {
    time: "Date unsupported when evaluating auth config file",
    randomness: "Math.random unsupported when evaluating auth config file",
    environment(name) {
      if (Object.hasOwn(options.env, name)) return undefined;
      unset ??= name;
      return unsetText(name);
    },
  };
  let loaded;
  try {
    loaded = await loadModules(modules, [AUTH_CONFIG_PATH], {
      ...options,
      restrictions,
    });
  } catch (error) {
    throw unset === undefined ? error : unsetVariable(unset);
  }
  const config = copyOf(loaded.get(AUTH_CONFIG_PATH)?.["default"]);
  const providers = isJsonObject(config) ? config["providers"] : undefined;
  if (!Array.isArray(providers)) {
    throw invalid(
      `its default export must be an object with an array of providers, not ${describeJson(config)}`,
    );
  }
  return providers.map((provider) => parseProvider(provider));
}

/**
 * An issuer without trailing slashes and with https as the default scheme, for comparison with
 * `iss`.
 */
export function canonicalIssuer(issuer: string): string {
  const url = /^https?:\/\//.test(issuer) ? issuer : `https://${issuer}`;
  return url.replace(/\/+$/, "");
}

function parseProvider(value: unknown): AuthProvider {
  if (!isJsonObject(value)) {
    throw invalid(`a provider must be an object, not ${describeJson(value)}`);
  }
  if (value["type"] === undefined) {
    return {
      domain: issuerUrl(value, "domain"),
      applicationID: text(value, "applicationID"),
    };
  }
  if (value["type"] !== "customJwt") {
    throw invalid(
      `a provider's type must be "customJwt" or left out, not ${JSON.stringify(value["type"])}`,
    );
  }
  const { algorithm, applicationID = null } = value;
  if (algorithm !== "RS256" && algorithm !== "ES256") {
    throw invalid(
      `algorithm must be "RS256" or "ES256", not ${JSON.stringify(algorithm)}`,
    );
  }
  return {
    type: "customJwt",
    issuer: issuerUrl(value, "issuer"),
    jwks: keysUrl(value),
    algorithm,
    applicationID: applicationID === null ? null : text(value, "applicationID"),
  };
}

function issuerUrl(value: Record<string, unknown>, key: string): string {
  const issuer = canonicalIssuer(text(value, key));
  if (URL.canParse(issuer)) return issuer;
  throw invalid(`${key} must be a URL, not "${issuer}"`);
}

function keysUrl(value: Record<string, unknown>): string {
  const jwks = text(value, "jwks");
  if (/^(https?|data):/.test(jwks) && URL.canParse(jwks)) return jwks;
  throw invalid(`jwks must be an http(s) or data: URL, not "${jwks}"`);
}

function text(value: Record<string, unknown>, key: string): string {
  const field = value[key];
  if (typeof field === "string" && field !== "") return field;
  throw invalid(
    `${key} must be a string that is not empty, not ${describeJson(field)}`,
  );
}

/** The value as JSON, copied out of the realm that made it. */
function copyOf(value: unknown): JSONValue | undefined {
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined ? undefined : (JSON.parse(json) as JSONValue);
}

/**
 * The refusal for an environment variable that is not set. The CLI reads the name out of this very
 * sentence.
 */
function unsetVariable(name: string): HttpError {
  return badRequest("AuthConfigMissingEnvironmentVariable", unsetText(name));
}

function unsetText(name: string): string {
  return `Environment variable ${name} is used in auth config file but its value was not set.`;
}

function invalid(problem: string): HttpError {
  return badRequest("InvalidAuthConfig", `Invalid auth.config: ${problem}.`);
}
