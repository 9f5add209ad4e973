/**
 * Operators who watch `status`, each over a WebSocket of their own, as `sessions-ops status --watch` does, in a process
 * of their own. After "report" it tells what each saw last.
 */
import process from "node:process";
import { ConvexClient } from "convex/browser";

const { url, adminKey, watchers } = JSON.parse(process.argv[2]);
let updates = 0;
/** By watcher: the total of sessions that was shown last. */
const shown = [];

const clients = Array.from({ length: watchers }, (_, n) => {
  const client = new ConvexClient(url, {
    skipConvexDeploymentUrlCheck: true,
    unsavedChangesWarning: false,
    logger: false,
  });
  const sync = client.client;
  sync.setAdminAuth(adminKey);
  const { queryToken } = sync.subscribe(
    "operator/status:get",
    {},
    { componentPath: "sessionTracker" },
  );
  let last;
  sync.addOnTransitionHandler(() => {
    const status = sync.localQueryResultByToken(queryToken);
    if (status === undefined || status === last) return;
    last = status;
    updates += 1;
    if (shown[n] === undefined) oneMoreIsReady();
    shown[n] = status.sessions;
  });
  return client;
});

let waiting = watchers;
function oneMoreIsReady() {
  waiting -= 1;
  if (waiting === 0) process.send?.("ready");
}

process.on("message", (message) => {
  if (message === "report") {
    process.send?.({ updates, shown });
    updates = 0;
  } else {
    void Promise.all(clients.map((client) => client.close())).then(() =>
      process.send?.({ updates, shown }, () => process.exit(0)),
    );
  }
});
process.on("disconnect", () => process.exit(1));
