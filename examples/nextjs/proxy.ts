import {
  convexAuthNextjsMiddleware,
  createRouteMatcher,
  nextjsMiddlewareRedirect,
} from "@convex-dev/auth/nextjs/server";

const isOwn = createRouteMatcher(["/account"]);

/** Keeps the cookies of whoever is signed in fresh, and sends everybody else away from what is a user's own. */
export default convexAuthNextjsMiddleware(async (request, { convexAuth }) => {
  if (isOwn(request) && !(await convexAuth.isAuthenticated())) {
    return nextjsMiddlewareRedirect(request, "/sign-in");
  }
});

export const config = {
  // All but static files.
  matcher: ["/((?!.*\\..*|_next).*)", "/", "/api/(.*)"],
};
