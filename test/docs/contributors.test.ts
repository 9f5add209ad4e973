/** What contributors and agents are given is what CI has, and leads somewhere. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./markdown.js";

const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");

test(".nvmrc and the dev container have the oldest Node that the package runs on", () => {
  const { engines } = JSON.parse(read("package.json")) as {
    engines: { node: string };
  };
  const oldest = /\d+/.exec(engines.node)?.[0];
  expect(read(".nvmrc").trim()).toBe(oldest);
  expect(read(".devcontainer/devcontainer.json")).toContain(`"node:${oldest}-`);
});

test("the dev container installs what CI does", () => {
  const inCi = [...read(".ci/run").matchAll(/missing\+=\(([\w-]+)\)/g)].map(
    ([, name]) => name,
  );
  const { onCreateCommand } = JSON.parse(
    read(".devcontainer/devcontainer.json"),
  ) as { onCreateCommand: string };
  const [, names = ""] =
    /--no-install-recommends (.+)$/.exec(onCreateCommand) ?? [];
  expect(names.split(" ").sort()).toEqual(inCi.sort());
});

test("the links of llms.txt lead to files that are there", () => {
  const links = [...read("llms.txt").matchAll(/\]\(([^)]+)\)/g)].map(
    ([, target = ""]) => target,
  );
  expect(links.length).toBeGreaterThan(15);
  expect(links.filter((link) => !existsSync(path.join(ROOT, link)))).toEqual(
    [],
  );
});
