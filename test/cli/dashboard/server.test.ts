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
    readSession: (id) => {
      if (id === "fails") return Promise.reject(new Error("It is away."));
      return Promise.resolve(JSON.stringify({ of: id }));
    },
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

test("a session is told to the browser that was let in, and to nobody else", async () => {
  const { server } = await open();
  const cookie = await enter(server.link);
  const session = server.link.replace(/\?.*/, "session?id=some%20one");
  expect((await fetch(session)).status).toBe(403);
  const answer = await fetch(session, { headers: { cookie } });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ of: "some one" });
  const failed = await fetch(session.replace("some%20one", "fails"), {
    headers: { cookie },
  });
  expect(failed.status).toBe(502);
  expect(await failed.text()).toContain("It is away.");
  const posted = await fetch(session, { method: "POST", headers: { cookie } });
  expect(posted.status).toBe(405);
});

test("the first who opens the page, and the first after nobody had it open, is noticed", async () => {
  const { feed, server } = await open();
  let times = 0;
  feed.whenWatched(() => (times += 1));
  const cookie = await enter(server.link);
  const events = server.link.replace(/\?.*/, "events");
  const look = () => fetch(events, { headers: { cookie } });
  const streams = [await look(), await look()];
  expect(times).toBe(1);
  for (const { body } of streams) await body?.cancel();
  await expect.poll(() => feed.isWatched).toBe(false);
  const again = await look();
  expect(times).toBe(2);
  await again.body?.cancel();
});
