/**
 * The issuer that may sign users in: it holds the key of which these are the public parts. Here that is
 * the web server of this example; in an app of yours, your identity provider.
 */
export default {
  providers: [
    {
      type: "customJwt",
      issuer: "https://sessions-ops.example",
      applicationID: "example",
      // A `data:` URI, set on the deployment before this file is deployed.
      jwks: process.env.EXAMPLE_JWKS,
      algorithm: "ES256",
    },
  ],
};
