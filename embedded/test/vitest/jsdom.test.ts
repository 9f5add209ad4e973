// @vitest-environment jsdom
/** A deployment beside a page: vitest's jsdom puts the page's bytes, addresses and sockets in the place of Node's. */
import { ConvexReactClient } from "convex/react";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { testDeployment } from "../../src/vitest/index.js";
import { AppFolder, messages, type DataModel } from "./app.js";

let app: AppFolder;

beforeAll(async () => {
  app = await AppFolder.create();
}, 120_000);
afterAll(() => app.remove());

test("a page's client sees what the test writes, also past a crash", async () => {
  expect(document.body).toBeInstanceOf(HTMLElement);
  const t = await testDeployment<DataModel>({ app: app.folder });
  const user = t.withIdentity({ subject: "ann" });
  const watch = user.client(ConvexReactClient).watchQuery(messages.list, {});
  watch.onUpdate(() => undefined);
  await vi.waitFor(() => expect(watch.localQueryResult()).toEqual([]), 10_000);
  await t.crash();
  const sent = await user.fetch("/hook", { method: "POST", body: "seen" });
  expect(await sent.text()).toBe("ann");
  await vi.waitFor(
    () => expect(watch.localQueryResult()).toEqual(["seen"]),
    10_000,
  );
}, 120_000);
