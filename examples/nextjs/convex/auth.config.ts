/** The deployment signs the tokens itself: it is its own issuer. */
export default {
  providers: [{ domain: process.env.CONVEX_SITE_URL, applicationID: "convex" }],
};
