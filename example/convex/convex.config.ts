import { defineApp } from "convex/server";
import sessionTracker from "sessions-ops/convex.config";

const app = defineApp();
app.use(sessionTracker);

export default app;
