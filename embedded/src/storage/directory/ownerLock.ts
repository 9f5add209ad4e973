/*
 * The lock by which one process owns a data directory, whichever pids it can see.
 *
 * An owner listens on a socket in the directory. The kernel closes it with the process, however that
 * ends, and after a power cut nobody listens; a connection reaches it from every pid and network
 * namespace that has the same volume. So a process that connects knows whether the owner lives, and
 * no file, no pid and no time has to be believed.
 *
 * Claims are numbered names of such sockets, and the highest number has the directory. A name is
 * made only once, and the highest is never removed, so of several processes that find the same one
 * dead, one gets the next number. A single name would have to be removed first, and a process that
 * removes it cannot know that it is still the dead one.
 */

import { randomBytes } from "node:crypto";
import { linkSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { EmbeddedError } from "../../errors.js";
import { ask, listen, pipeOf, type Listening } from "./ownerSocket.js";
import { earlierOwner, removeEarlierClaims } from "./earlierOwner.js";

/** Gives the directory up. */
export type Unlock = () => Promise<void>;

/**
 * Claims `dataDir`, which must be there, for this process.
 * @throws EmbeddedError "dataDirInUse" with the owner
 */
export async function lockDataDir(dataDir: string): Promise<Unlock> {
  const dir = resolve(dataDir);
  const earlier = earlierOwner(dir);
  if (earlier !== null) throw inUse(dataDir, `process ${earlier}`);
  const unlock = await (process.platform === "win32"
    ? claimPipe(dataDir, dir)
    : claimNumber(dataDir, dir));
  removeEarlierClaims(dir);
  return unlock;
}

/**
 * Claims the directory by a pipe. The system gives the name of a pipe to one process at a time, and
 * takes it back by itself.
 */
async function claimPipe(dataDir: string, dir: string): Promise<Unlock> {
  const pipe = pipeOf(dir);
  try {
    const listening = await listen(pipe, self());
    return () => listening.close();
  } catch (error) {
    if (errorCodeOf(error) !== "EADDRINUSE") throw error;
    const owner = await ask(pipe);
    throw inUse(dataDir, nameOf(owner.kind === "lives" ? owner.says : null));
  }
}

async function claimNumber(dataDir: string, dir: string): Promise<Unlock> {
  for (;;) {
    const draft = join(dir, `owner-${randomBytes(4).toString("hex")}.draft`);
    const listening = await listen(draft, self());
    try {
      const claim = await claimNext(dataDir, dir, draft);
      if (claim !== undefined) {
        await removeOthers(dir, claim);
        return () => listening.close();
      }
    } catch (error) {
      await giveUp(listening, draft);
      throw error;
    }
    await giveUp(listening, draft);
  }
}

/**
 * Claims the next number.
 * @returns the number that is now ours; undefined when another process removed our draft as a dead
 * one's
 */
async function claimNext(
  dataDir: string,
  dir: string,
  draft: string,
): Promise<number | undefined> {
  for (;;) {
    const latest = latestClaim(dir);
    if (latest > 0) {
      const owner = await ask(claimPath(dir, latest));
      if (owner.kind === "gone") continue;
      if (owner.kind === "lives") throw inUse(dataDir, nameOf(owner.says));
    }
    const mine = latest + 1;
    const linked = tryLink(draft, claimPath(dir, mine));
    if (linked === "no draft") return undefined;
    if (linked === "taken") continue;
    if (latestClaim(dir) === mine) {
      rmSync(draft, { force: true });
      return mine;
    }
    // Our claim was made long after the look: its number had been used, and removed.
    rmSync(claimPath(dir, mine), { force: true });
  }
}

/** Removes lower claims, and drafts whose process ended before it had a number. */
async function removeOthers(dir: string, mine: number): Promise<void> {
  for (const claim of claimsIn(dir)) {
    if (claim < mine) rmSync(claimPath(dir, claim), { force: true });
  }
  const drafts = readdirSync(dir).filter((name) => DRAFT.test(name));
  for (const draft of drafts.map((name) => join(dir, name))) {
    const { kind } = await ask(draft);
    if (kind === "dead") rmSync(draft, { force: true });
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const CLAIM = /^owner-(\d+)\.socket$/;
const DRAFT = /^owner-[0-9a-f]{8}\.draft$/;

function claimPath(dir: string, claim: number): string {
  return join(dir, `owner-${claim}.socket`);
}

function claimsIn(dir: string): number[] {
  return readdirSync(dir).flatMap((name) => {
    const number = CLAIM.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/**
 * The highest claim; 0 without one. A list may lack both a claim that is removed and one that is
 * made while it is read; a second list has the claim made during the first.
 */
function latestClaim(dir: string): number {
  return Math.max(0, ...claimsIn(dir), ...claimsIn(dir));
}

/** Publishes a socket that listens already under its name, in one step. */
function tryLink(draft: string, path: string): "linked" | "taken" | "no draft" {
  try {
    linkSync(draft, path);
    return "linked";
  } catch (error) {
    if (errorCodeOf(error) === "EEXIST") return "taken";
    if (errorCodeOf(error) === "ENOENT") return "no draft";
    throw error;
  }
}

async function giveUp(listening: Listening, draft: string): Promise<void> {
  await listening.close();
  rmSync(draft, { force: true });
}

function self(): string {
  return `${process.pid} on ${hostname()}`;
}

function nameOf(said: string | null): string {
  return said === null
    ? "another process, which does not answer now"
    : `process ${said}`;
}

function inUse(dataDir: string, owner: string): EmbeddedError {
  return new EmbeddedError(
    "dataDirInUse",
    `The data directory ${dataDir} is in use by ${owner}. ` +
      "Stop that process or choose another data directory.",
  );
}

function errorCodeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
