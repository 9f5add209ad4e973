import { expect, onTestFinished, test } from "vitest";
import { Feed } from "../../../cli/dashboard/feed.js";
import { openServer } from "../../../cli/dashboard/server.js";
import { AdminKey } from "../../../cli/deployment/target/adminKey.js";

async function open() {
  const feed = new Feed(new AdminKey("very-secret", "a test"));
  const links: string[] = [];
  const server = await openServer({
    port: 0,
    files: new Map(),
    feed,
    onReuse: (link) => links.push(link),
  });
  onTestFinished(() => server.close());
  return { feed, links, server };
}

async function enter(link: string): Promise<string> {
  const response = await fetch(link);
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

test("a link used twice ends the first browser's stream, and lets it open no other", async () => {
  const { feed, links, server } = await open();
  const first = await enter(server.link);
  const events = server.link.replace(/\?.*/, "events");
  const stream = await fetch(events, { headers: { cookie: first } });
  expect(stream.status).toBe(200);
  const reading = stream.text().then(
    () => "ended",
    () => "ended",
  );
  const [used] = [server.link];
  expect((await fetch(used)).status).toBe(403);
  expect(links).toHaveLength(1);
  feed.publish("connection", { isConnected: false });
  expect(await reading).toBe("ended");
  expect(feed.isWatched).toBe(false);
  const again = await fetch(events, { headers: { cookie: first } });
  expect(again.status).toBe(403);
  const second = await enter(links[0] ?? "");
  const other = await fetch(events, { headers: { cookie: second } });
  expect(other.status).toBe(200);
  await other.body?.cancel();
});
