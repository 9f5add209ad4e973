/** Every shape has its type in `sessions-ops/cli`; that these are the shapes' own is shown by test/package. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import cliSchema from "../../../docs/cli.schema.json" with { type: "json" };

test("sessions-ops/cli exports a type of each shape that has a schema", () => {
  const file = join(import.meta.dirname, "../../../cli/types.ts");
  const exported = readFileSync(file, "utf8").match(/\w+Json\b/g);
  const shapes = Object.keys(cliSchema.definitions).filter((name) =>
    /^\w+Json$/.test(name),
  );
  expect(exported?.sort()).toEqual(shapes.sort());
});
