import type { AuthConfig } from "convex/server";

export default {
  providers: [
    {
      type: "customJwt",
      issuer: process.env["AUTH_ISSUER"]!,
      applicationID: "app",
      jwks: process.env["AUTH_JWKS"]!,
      algorithm: "RS256",
    },
  ],
} satisfies AuthConfig;
