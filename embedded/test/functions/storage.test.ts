import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import path from "node:path";
import type { JSONValue } from "convex/values";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, errorOf, valueOf } from "../support/engine.js";
import { filesIn } from "../support/files/folder.js";
import { STORAGE_MODULE } from "../support/files/module.js";

let engine: Engine;
beforeAll(async () => {
  const part = { modules: { files: STORAGE_MODULE } };
  engine = await Engine.open({ ...part, children: { part } });
});
afterAll(() => engine.remove());

describe("what is stored", () => {
  it("comes back from an action, with type and size", async () => {
    const id = await store("hello", "text/plain");
    expect(valueOf(await engine.action("files:read", { id }))).toEqual({
      text: "hello",
      type: "text/plain",
      size: 5,
      isBlob: true,
    });
  });

  it("may be empty and without a type", async () => {
    const id = await store("");
    expect(valueOf(await engine.query("files:row", { id }))).toMatchObject({
      size: 0,
      contentType: null,
    });
    expect(valueOf(await engine.action("files:read", { id }))).toMatchObject({
      text: "",
      type: "",
    });
  });

  it("has a row in _storage with what functions may see of it, and nothing else", async () => {
    const id = await store("seven..", "image/png");
    const row = {
      _id: id,
      _creationTime: expect.any(Number) as number,
      contentType: "image/png",
      sha256: sha256("seven..", "base64"),
      size: 7,
    };
    expect(valueOf(await engine.query("files:row", { id }))).toEqual(row);
    expect(valueOf(await engine.query("files:bySize", { size: 7 }))).toEqual([
      row,
    ]);
    expect(valueOf(await engine.query("files:byHidden"))).toEqual([]);
    expect(errorOf(await engine.query("files:byHiddenIndex"))).toContain(
      "Index _storage.storageId not found.",
    );
    expect(valueOf(await engine.query("files:normalized", { id }))).toBe(id);
  });

  it("is described by getMetadata, and named by URL, id and UUID alike", async () => {
    const id = await store("named", "text/plain");
    const url = valueOf(await engine.query("files:url", { id })) as string;
    const uuid = url.slice(url.lastIndexOf("/") + 1);
    expect(url).toBe(`https://test.convex.cloud/api/storage/${uuid}`);
    const metadata = {
      storageId: uuid,
      sha256: sha256("named", "hex"),
      size: 5,
      contentType: "text/plain",
    };
    for (const name of [id, uuid, uuid.toUpperCase()]) {
      const args = { id: name };
      expect(valueOf(await engine.query("files:metadata", args))).toEqual(
        metadata,
      );
      expect(valueOf(await engine.action("files:inAction", args))).toEqual([
        url,
        metadata,
      ]);
    }
  });

  it("must have the given SHA-256", async () => {
    const right = sha256("checked", "base64");
    await store("checked", "text/plain", right);
    const before = filesOnDisk().length;
    const wrong = await engine.action("files:store", {
      text: "other",
      sha256: right,
    });
    expect(errorOf(wrong)).toContain(
      `Sha256 mismatch. Expected: ${right} Actual: ${sha256("other", "base64")}`,
    );
    const none = await engine.action("files:store", {
      text: "other",
      sha256: "abc",
    });
    expect(errorOf(none)).toContain("InvalidDigestHeader");
    expect(filesOnDisk().length).toBe(before);
  });

  it("is stored and read by mutations too, and is gone where they fail", async () => {
    const stored = await engine.mutation("files:storeInMutation", {
      text: "from a mutation",
      type: "text/plain",
    });
    const { id, back } = valueOf(stored) as { id: string; back: string };
    expect(back).toBe("from a mutation");
    expect(valueOf(await engine.action("files:read", { id }))).toMatchObject({
      text: "from a mutation",
    });
    await settled();
    const before = filesOnDisk();
    const failed = await engine.mutation("files:storeInMutation", {
      text: "given up",
      fail: true,
    });
    expect(failed.status).toBe("error");
    await expect.poll(filesOnDisk).toEqual(before);
  });

  it("is refused where it is no blob", async () => {
    expect(errorOf(await engine.action("files:storeNothing"))).toContain(
      "store() expects a Blob.",
    );
  });
});

describe("what is deleted", () => {
  it("is gone at once, and its bytes soon", async () => {
    const id = await store("to go");
    await settled();
    const before = filesOnDisk().length;
    expect(valueOf(await engine.mutation("files:remove", { id }))).toBeNull();
    expect(valueOf(await engine.query("files:row", { id }))).toBeNull();
    expect(valueOf(await engine.query("files:metadata", { id }))).toBeNull();
    expect(valueOf(await engine.action("files:read", { id }))).toBeNull();
    await expect.poll(() => filesOnDisk().length).toBe(before - 1);
    expect(errorOf(await engine.mutation("files:remove", { id }))).toContain(
      `storage id ${id} not found`,
    );
  });

  it("is there still where the mutation fails, nested or not", async () => {
    const id = await store("stays");
    await engine.mutation("files:remove", { id, fail: true });
    const caught = await engine.mutation("files:removeCaught", { id });
    expect(valueOf(caught)).toEqual(expect.stringContaining("/api/storage/"));
    expect(valueOf(await engine.action("files:read", { id }))).toMatchObject({
      text: "stays",
    });
  });

  it("may be deleted by an action, and not by a query or db.delete", async () => {
    const id = await store("by an action");
    const inQuery = await engine.query("files:removeInQuery", { id });
    expect(errorOf(inQuery)).toContain("A query cannot write to the database.");
    expect(errorOf(await engine.mutation("files:patchRow", { id }))).toContain(
      "System tables can only be accessed with db.system.",
    );
    expect(
      valueOf(await engine.action("files:removeInAction", { id })),
    ).toBeNull();
    expect(valueOf(await engine.query("files:row", { id }))).toBeNull();
  });
});

describe("mutations that meet", () => {
  it("store one file each, however often they run again", async () => {
    const texts = ["a", "b", "c", "d", "e", "f"];
    const outcomes = await Promise.all(
      texts.map((text) => engine.mutation("files:storeAndCount", { text })),
    );
    expect(new Set(outcomes.map(valueOf)).size).toBe(texts.length);
    expect(valueOf(await engine.query("files:count"))).toBe(texts.length);
    const rows = valueOf(await engine.query("files:rows")) as unknown[];
    await settled();
    await expect.poll(() => filesOnDisk().length).toBe(rows.length);
    expect(engine.runtime.conflicts.read().length).toBeGreaterThan(0);
  });

  it("delete a file once", async () => {
    const id = await store("once");
    const outcomes = await Promise.all([
      engine.mutation("files:remove", { id }),
      engine.mutation("files:remove", { id }),
      engine.action("files:removeInAction", { id }),
    ]);
    const { length } = outcomes.filter(({ status }) => status === "success");
    expect(length).toBe(1);
    expect(valueOf(await engine.query("files:row", { id }))).toBeNull();
  });
});

describe("ids", () => {
  it("that are of no file are refused with what they should be", async () => {
    for (const id of ["nonsense", "../../etc/passwd", ""]) {
      expect(errorOf(await engine.query("files:url", { id }))).toContain(
        `Invalid argument \`storageId\` for \`storage.getUrl\`: Invalid storage ID: ${JSON.stringify(id)}.`,
      );
    }
    const other = valueOf(await engine.mutation("files:insertOther"));
    expect(errorOf(await engine.query("files:url", { id: other }))).toContain(
      "Storage ID cannot be an ID on any table other than '_storage'.",
    );
    const unknown = "00000000-0000-4000-8000-000000000000";
    expect(valueOf(await engine.query("files:url", { id: unknown }))).toBe(
      null,
    );
  });

  it("belong to one component", async () => {
    const part = { componentPath: "part" };
    const text = { text: "in the part" };
    const id = valueOf(await engine.action("files:store", text, part));
    const url = valueOf(await engine.query("files:url", { id }, part));
    expect(url).toMatch(/\/api\/storage\/[0-9a-f-]{36}\?component=part$/);
    expect(valueOf(await engine.query("files:url", { id }))).toBeNull();
    expect(valueOf(await engine.query("files:row", { id }))).toBeNull();
    expect(valueOf(await engine.query("files:rows", {}, part))).toHaveLength(1);
  });
});

it("gives upload URLs to mutations and actions", async () => {
  for (const outcome of [
    await engine.mutation("files:uploadUrl"),
    await engine.action("files:uploadUrlInAction"),
  ]) {
    expect(valueOf(outcome)).toMatch(
      /^https:\/\/test\.convex\.cloud\/api\/storage\/upload\?token=[\w-]+\.[\w-]+$/,
    );
  }
});

it("keeps files where only their owner can read them", async () => {
  await store("private");
  await settled();
  const folder = path.join(engine.dataDir, "files");
  for (const file of filesOnDisk()) {
    expect(file).toMatch(/^[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f-]{36}$/);
    expect(statSync(path.join(folder, file)).mode & 0o777).toBe(0o600);
  }
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

it("is over a restart as it was", async () => {
  const stopped = await Engine.open({ modules: { files: STORAGE_MODULE } });
  const outcome = await stopped.action("files:store", { text: "kept" });
  const id = valueOf(outcome);
  await stopped.close();
  const again = await Engine.open(
    { modules: { files: STORAGE_MODULE } },
    { dataDir: stopped.dataDir },
  );
  expect(valueOf(await again.action("files:read", { id }))).toMatchObject({
    text: "kept",
  });
  await again.remove();
});

async function store(
  text: string,
  type?: string,
  digest?: string,
): Promise<string> {
  const args: JSONValue = {
    text,
    ...(type === undefined ? {} : { type }),
    ...(digest === undefined ? {} : { sha256: digest }),
  };
  return valueOf(await engine.action("files:store", args)) as string;
}

function sha256(text: string, encoding: "base64" | "hex"): string {
  return createHash("sha256").update(text).digest(encoding);
}

/** Waits until nothing is unsettled. */
async function settled(): Promise<void> {
  await expect
    .poll(() => filesOnDisk().filter((file) => file.startsWith("unsettled")))
    .toEqual([]);
}

const filesOnDisk = () => filesIn(engine.dataDir);
