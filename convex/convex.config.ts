import { defineApp } from "convex/server";
import sessionTracker from "./sessionTracker/convex.config.js";

const app = defineApp();
app.use(sessionTracker);

export default app;
