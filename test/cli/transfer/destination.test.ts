/** Files that `export` may write to, and those it leaves as they are. */
import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { FetchInit } from "../../../cli/deployment/http.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { setUpDeployment } from "../support/deployment.js";
import { bodyOf } from "../support/fakeTerminal.js";

async function setUpVisitor() {
  const deployment = setUpDeployment();
  const { component, terminal } = deployment;
  await component.mutation(api.visitors.heartbeat.beat, {
    anonymousId: "a",
  });
  return { ...deployment, at: (name: string) => join(terminal.folder, name) };
}

test("an exported file is readable by its owner only, also where --force replaced another file", async () => {
  const { terminal, at } = await setUpVisitor();
  await terminal.run("export", "new.jsonl");
  terminal.write("old.jsonl", "mine\n");
  expect(await terminal.run("export", "old.jsonl", "--force")).toMatchObject({
    exitCode: 0,
  });
  for (const name of ["new.jsonl", "old.jsonl"]) {
    expect(statSync(at(name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(at(name), "utf8")).toContain('"anonymousId":"a"');
  }
});

test("an export follows and overwrites no file that was there before", async () => {
  const { terminal, at } = await setUpVisitor();
  terminal.write("victim", "mine\n");
  symlinkSync(at("victim"), at("a.jsonl.part"));
  expect(await terminal.run("export", "a.jsonl")).toMatchObject({
    exitCode: 0,
  });
  expect(readFileSync(at("victim"), "utf8")).toBe("mine\n");
  expect(lstatSync(at("a.jsonl")).isFile()).toBe(true);
  expect(readdirSync(terminal.folder).sort()).toEqual([
    ...[".sessions-ops", "a.jsonl", "a.jsonl.part", "data", "victim"],
  ]);
});

test("an export overwrites no file that appeared while it was written", async () => {
  const { terminal, at } = await setUpVisitor();
  const online = terminal.overrides.fetch;
  Object.assign(terminal.overrides, {
    fetch: async (input: string, init: FetchInit) => {
      const { path } = bodyOf<{ path: string }>(init);
      if (path === "operator/export:page") terminal.write("a.jsonl", "mine\n");
      return await online?.(input, init);
    },
  });
  const result = await terminal.run("export", "a.jsonl");
  expect(result.stderr).toContain("a.jsonl exists already");
  expect(result.exitCode).toBe(2);
  expect(readFileSync(at("a.jsonl"), "utf8")).toBe("mine\n");
  expect(readdirSync(terminal.folder)).not.toContain("part");
});

describe("an export does not replace", () => {
  test.each([[[]], [["--force"]]])("a symbolic link %j", async (options) => {
    const { terminal, at } = await setUpVisitor();
    terminal.write("target.jsonl", "mine\n");
    symlinkSync(at("target.jsonl"), at("link.jsonl"));
    symlinkSync(at("nowhere.jsonl"), at("dangling.jsonl"));
    for (const name of ["link.jsonl", "dangling.jsonl"]) {
      const result = await terminal.run("export", name, ...options);
      expect(result.stderr).toContain(`${at(name)} is a symbolic link to`);
      expect(result.exitCode).toBe(2);
      expect(lstatSync(at(name)).isSymbolicLink()).toBe(true);
    }
    expect(readFileSync(at("target.jsonl"), "utf8")).toBe("mine\n");
    expect(existsSync(at("nowhere.jsonl"))).toBe(false);
  });

  test.each([[[]], [["--force"]]])(
    "a pipe, which is written to %j",
    async (options) => {
      const { terminal, at } = await setUpVisitor();
      execFileSync("mkfifo", [at("pipe")]);
      const reader = spawn("cat", [at("pipe")]);
      let read = "";
      reader.stdout.on("data", (text: Buffer) => (read += text.toString()));
      const ended = new Promise((resolve) => reader.once("close", resolve));
      const result = await terminal.run("export", at("pipe"), ...options);
      expect(result.exitCode).toBe(0);
      await ended;
      expect(read).toContain('"anonymousId":"a"');
      expect(lstatSync(at("pipe")).isFIFO()).toBe(true);
    },
  );

  test("a device, but writes to it", async () => {
    const { terminal } = await setUpVisitor();
    const full = await terminal.run("export", "/dev/full", "--force");
    expect(full.stderr).toContain("ENOSPC");
    expect(full.exitCode).toBe(1);
    expect(lstatSync("/dev/full").isCharacterDevice()).toBe(true);
    const sink = await terminal.run("export", "/dev/null");
    expect(sink.exitCode).toBe(0);
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  test("a folder", async () => {
    const { terminal } = await setUpVisitor();
    const result = await terminal.run("export", "data", "--force");
    expect(result.stderr).toContain("data is a folder. Name a file");
    expect(result.exitCode).toBe(2);
  });
});
