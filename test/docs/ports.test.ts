/** Commands in documents and in the CLI's help, with the ports that they name, work as they stand. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { documents, readDocument, ROOT } from "./markdown.js";

const commands = "cli/commands";
const texts = [
  ...documents().map((document) => [document, readDocument(document)]),
  ...readdirSync(path.join(ROOT, commands), {
    recursive: true,
    encoding: "utf8",
  })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => [
      `${commands}/${name}`,
      readFileSync(path.join(ROOT, commands, name), "utf8"),
    ]),
];

test.each(texts)("no command in %s uses one port twice", (_name, text) => {
  const lines = (text ?? "")
    .split("\n")
    .filter((line) => / --port \d/.test(line));
  for (const line of lines) {
    const named = [...line.matchAll(/--([a-z-]*port) (\d+)/g)].map(
      ([, flag = "", port]) => [flag, Number(port)] as const,
    );
    const port = named.find(([flag]) => flag === "port")?.[1] ?? NaN;
    // The app's HTTP actions are on the port after the deployment's, unless another is named.
    const hasSitePort = named.some(([flag]) => flag === "site-port");
    const isDeployment = /serve|run example/.test(line);
    const taken = [
      ...named.map(([, each]) => each),
      ...(isDeployment && !hasSitePort ? [port + 1] : []),
    ];
    expect(new Set(taken).size, line).toBe(taken.length);
  }
});
