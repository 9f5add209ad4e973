import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { convexTest } from "convex-test";
import { makeFunctionReference } from "convex/server";
import type { JSONValue } from "convex/values";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { Engine } from "../../support/engine.js";
import { filesIn } from "../../support/files/folder.js";
import { STORAGE_MODULE } from "../../support/files/module.js";
import { Random } from "../../support/random.js";
import { fuzzSettings } from "./settings.js";
import {
  chooseOperation,
  FAILED,
  type Kind,
  type ModelFile,
  type Operation,
} from "./storageOperations.js";

const { isLong, replay, firstSeed } = fuzzSettings();
const PROGRAMS = isLong ? 300 : 8;
const OPERATIONS = 40;

type Call = (kind: Kind, name: string, args: object) => Promise<unknown>;

type Asked = Omit<Operation, "expected" | "isShared">;

test("storage does as a model does, and as convex-test where that has it", async () => {
  const seeds = new Random(firstSeed);
  let operations = 0;
  const engine = await openEngine();
  onTestFinished(() => engine.current.remove());
  for (let program = 0; program < PROGRAMS; program += 1) {
    const seed = replay ?? seeds.below(2 ** 31);
    operations += await run(new Random(seed), engine, seed);
    if (replay !== undefined) break;
    if (program % 4 === 3) await engine.restart();
  }
  console.log(
    `${operations} operations of files from seed ${firstSeed} agree.`,
  );
}, 900_000);

async function run(
  random: Random,
  engine: Awaited<ReturnType<typeof openEngine>>,
  seed: number,
): Promise<number> {
  const model = new Map<number, ModelFile>();
  const embedded = new Side(engine.call);
  const mock = new Side(openMock());
  let next = 0;
  for (let n = 0; n < OPERATIONS; n += 1) {
    const operation = chooseOperation(random, model, next);
    const { file, isShared, stores, expected } = operation;
    const where = `FUZZ_SEED=${seed}, operation ${n}: ${JSON.stringify(operation)}`;
    const isForBoth = isShared && (file === undefined || mock.has(file));
    for (const side of isForBoth ? [embedded, mock] : [embedded]) {
      const value = await side.ask(operation, next);
      expect(value, where).toEqual(expected);
    }
    if (stores !== undefined) model.set(next++, stores);
    if (operation.removes === true) model.delete(file!);
  }
  // What is on disk is what the rows name.
  await expect
    .poll(() => countOf(engine.current.dataDir), { timeout: 20_000 })
    .toBe(model.size);
  for (const [file] of model) {
    await embedded.ask({ kind: "mutation", name: "remove", args: {}, file }, 0);
  }
  return OPERATIONS;
}

/** One of the engines, and its ids of the files. */
class Side {
  readonly #call: Call;
  readonly #ids = new Map<number, string>();
  readonly #files = new Map<string, number>();

  constructor(call: Call) {
    this.#call = call;
  }

  has(file: number): boolean {
    return this.#ids.has(file);
  }

  /** @param next - the number of the file that the operation stores, if it stores one */
  async ask(
    { kind, name, args, file, stores }: Asked,
    next: number,
  ): Promise<unknown> {
    const id = file === undefined ? {} : { id: this.#ids.get(file) };
    let value: unknown;
    try {
      value = await this.#call(kind, name, { ...args, ...id });
    } catch {
      return FAILED;
    }
    if (stores === undefined) return this.#told(value);
    const made =
      typeof value === "string" ? value : (value as { id: string }).id;
    this.#ids.set(next, made);
    this.#files.set(made, next);
    return "an id";
  }

  #told(value: unknown): unknown {
    if (value === undefined) return null;
    if (typeof value === "string") return "a URL";
    if (Array.isArray(value)) return value.map((row) => this.#told(row));
    if (typeof value !== "object" || value === null) return value;
    if ("_id" in value) {
      const { _id, size } = value as { _id: string; size: number };
      return [this.#files.get(_id), size];
    }
    const { storageId, ...rest } = value as { storageId?: string };
    return storageId === undefined ? value : rest;
  }
}

/** Number of settled files; undefined while one is not. */
function countOf(dataDir: string): number | undefined {
  const files = filesIn(dataDir);
  return files.some((file) => file.startsWith("unsettled"))
    ? undefined
    : files.length;
}

async function openEngine() {
  const app = { modules: { files: STORAGE_MODULE } };
  const opened = {
    current: await Engine.open(app),
    call: async (kind: Kind, name: string, args: object) => {
      const outcome = await opened.current[kind](
        `files:${name}`,
        args as JSONValue,
      );
      if (outcome.status === "error") throw new Error(outcome.errorMessage);
      return outcome.value as unknown;
    },
    restart: async () => {
      const { dataDir } = opened.current;
      await opened.current.close();
      opened.current = await Engine.open(app, { dataDir });
    },
  };
  return opened;
}

function openMock(): Call {
  const t = convexTest({
    modules: {
      "./_generated/api.ts": () => Promise.resolve({}),
      "./files.ts": () => import(MODULE_FILE) as Promise<object>,
    },
  });
  return (kind, name, args) => {
    const call = t[kind] as (target: unknown, args: object) => Promise<unknown>;
    return call(makeFunctionReference<Kind>(`files:${name}`), args);
  };
}

/** The module as convex-test imports it, which the engine gets as it is. */
const MODULE_FILE = path.resolve(
  import.meta.dirname,
  `../../../node_modules/.cache/fuzzed-files-${process.pid}.mjs`,
);
mkdirSync(path.dirname(MODULE_FILE), { recursive: true });
writeFileSync(MODULE_FILE, STORAGE_MODULE);
afterAll(() => rmSync(MODULE_FILE));
