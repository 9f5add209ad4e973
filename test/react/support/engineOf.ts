import { join } from "node:path";
import { compileFunction } from "node:vm";
import * as server from "convex/server";
import * as values from "convex/values";
import { buildSync } from "esbuild";
import type { SessionEngine } from "../../../react/engine/snapshot.js";
import type { SessionClient } from "../../../react/engine/wire.js";

/** What the engine uses of the page that it runs in, and nothing else; `undefined` where the page lacks it. */
export type Page = Pick<
  typeof globalThis,
  | "addEventListener"
  | "AbortSignal"
  | "clearTimeout"
  | "crypto"
  | "Date"
  | "document"
  | "fetch"
  | "localStorage"
  | "location"
  | "Math"
  | "navigator"
  | "performance"
  | "sessionStorage"
  | "setTimeout"
>;

const ENGINE = join(import.meta.dirname, "../../../react/engine/engine.ts");
const PACKAGES = { "convex/server": server, "convex/values": values };

/** The engine's modules as one script, which each page that loads them runs anew. */
const script = buildSync({
  entryPoints: [ENGINE],
  bundle: true,
  external: Object.keys(PACKAGES),
  format: "iife",
  globalName: "engine",
  platform: "neutral",
  write: false,
}).outputFiles[0]!.text;

/** An engine whose globals are those of the page; where it lacks one, naming it throws, as a page does. */
export function engineOf(
  page: Page,
  client: SessionClient,
  storageKey: string,
): SessionEngine {
  const names = Object.keys(page).filter((name) => !name.endsWith("Storage"));
  const has = (name: string) => page[name as keyof Page] !== undefined;
  const globals = {
    ...Object.fromEntries(
      names.filter(has).map((name) => [name, page[name as keyof Page]]),
    ),
    globalThis: page,
    require: (name: keyof typeof PACKAGES) => PACKAGES[name],
  };
  // What is declared after the return cannot be named.
  const lacking = names
    .filter((name) => !has(name))
    .map((name) => `let ${name};`);
  const run = compileFunction(
    `{ ${script}; return engine.createEngine; ${lacking.join("")} }`,
    Object.keys(globals),
    { filename: ENGINE },
  ) as (
    ...globals: unknown[]
  ) => (client: SessionClient, storageKey: string) => SessionEngine;
  return run(...Object.values(globals))(client, storageKey);
}
