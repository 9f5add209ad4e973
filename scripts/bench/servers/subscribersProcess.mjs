/**
 * Subscribers in a process of their own, each with a WebSocket and the same queries, or with some of its own. They do
 * as little as can be with what comes, so that it is the deployment that is measured. After "report" it tells what
 * they were shown.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import process from "node:process";
import { WebSocket } from "ws";

const { url, adminKey, sockets, reads, queries } = JSON.parse(process.argv[2]);
let updates = 0;
/** By subscriber, the first result of its last transition that had any. */
const last = [];

const opened = [];
for (let n = 0; n < sockets; n += 1) {
  opened.push(await open(n));
}
await Promise.all(opened.map(({ ready }) => ready));
process.send?.("ready");

process.on("message", (message) => {
  if (message === "report") {
    const shown = [...new Set(last)].map(
      (text) => JSON.parse(`{${text}`).value,
    );
    process.send?.({ updates, shown });
    updates = 0;
  } else {
    for (const { socket } of opened) socket.terminate();
    process.send?.({ updates, shown: [] }, () => process.exit(0));
  }
});
process.on("disconnect", () => process.exit(1));

async function open(n) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/1.48.0/sync`);
  // Readers who read nothing may be dropped.
  socket.on("error", () => {});
  await once(socket, "open");
  const say = (message) => socket.send(JSON.stringify(message));
  say({ type: "Connect", sessionId: `subscriber-${n}`, connectionCount: 0 });
  say({
    type: "Authenticate",
    tokenType: "Admin",
    value: adminKey,
    baseVersion: 0,
    impersonating: { issuer: "bench", subject: "admin", role: "admin" },
  });
  say({
    type: "ModifyQuerySet",
    baseVersion: 0,
    newVersion: 1,
    modifications: queries.map(({ path, args, isOwn }, index) => ({
      type: "Add",
      queryId: index,
      udfPath: path,
      args: [isOwn ? { ...args, n: n * queries.length + index } : args],
    })),
  });
  if (!reads) socket.pause();
  const ready = !reads
    ? Promise.resolve()
    : new Promise((resolve) => {
        socket.on("message", (data) => {
          if (takes(n, data)) resolve();
        });
      });
  return { socket, ready };
}

/** Takes a message in. @returns whether it had results */
function takes(n, data) {
  const from = data.indexOf('"value":');
  if (from === -1) return false;
  updates += 1;
  const to = data.indexOf(',"logLines":', from);
  const text = Buffer.from(data.subarray(from, to));
  last[n] = `${text.toString("latin1")}}`;
  return true;
}
