import { defineApp } from "convex/server";
import sessionTracker from "sessions-ops/convex.config";

const app = defineApp();
app.use(sessionTracker, { name: "visitors" });

export default app;
