import actionCache from "@convex-dev/action-cache/convex.config.js";
import agent from "@convex-dev/agent/convex.config.js";
import presence from "@convex-dev/presence/convex.config.js";
import prosemirrorSync from "@convex-dev/prosemirror-sync/convex.config.js";
import resend from "@convex-dev/resend/convex.config.js";
import workflow from "@convex-dev/workflow/convex.config.js";
import { defineApp } from "convex/server";

const app = defineApp();
app.use(actionCache);
app.use(agent);
app.use(presence);
app.use(prosemirrorSync);
app.use(resend);
app.use(workflow);
export default app;
