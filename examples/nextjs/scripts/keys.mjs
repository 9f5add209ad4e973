/** `npm run keys`: writes what this app's deployment needs to sign tokens, and the token of its metrics, once. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";

const { publicKey, privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
});
const jwks = {
  keys: [{ use: "sig", ...publicKey.export({ format: "jwk" }) }],
};
const pem = privateKey.export({ type: "pkcs8", format: "pem" });
const variables = {
  // A line of a file has to hold it.
  JWT_PRIVATE_KEY: pem.trimEnd().replaceAll("\n", " "),
  JWKS: JSON.stringify(jwks),
  SITE_URL: "http://localhost:3000",
  METRICS_TOKEN: randomBytes(32).toString("hex"),
};
const lines = Object.entries(variables).map(
  ([name, value]) => `${name}='${value}'\n`,
);
// Only its owner may read it, and keys that are in use are not written over.
writeFileSync(".env.convex", lines.join(""), { mode: 0o600, flag: "wx" });
console.log("Wrote .env.convex.");
