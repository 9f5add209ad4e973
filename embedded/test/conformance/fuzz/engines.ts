import { convexTest as mockConvexTest } from "convex-test";
import {
  convexTest as embeddedConvexTest,
  installConvexGlobal,
} from "../adapter/convexTest.js";
import { tell, type Told } from "./canonical.js";
import { fuzzApi, modules, setRun } from "./functions.js";
import { Memory, type Run } from "./interpret.js";
import type { SchemaSpec, Step } from "./programs/program.js";
import { toSchema } from "./programs/schemaOf.js";

/** Runs a program's steps, each in a transaction of its own. */
export interface Engine {
  readonly memory: Memory;
  run(step: Step): Promise<Told[]>;
}

// convex-test installs its global with the first deployment, and never again.
mockConvexTest({ modules });
const mockGlobal: unknown = Reflect.get(globalThis, "Convex");

const installMockGlobal = () => Reflect.set(globalThis, "Convex", mockGlobal);

export const openMock = (schema: SchemaSpec): Engine =>
  open(schema, mockConvexTest, installMockGlobal);

export const openEmbedded = (schema: SchemaSpec): Engine =>
  open(schema, embeddedConvexTest, installConvexGlobal);

/**
 * Opens an engine.
 * @param installGlobal - makes `Convex` that engine's; only one engine runs at a time
 */
function open(
  schema: SchemaSpec,
  convexTest: typeof mockConvexTest,
  installGlobal: () => unknown,
): Engine {
  const t = convexTest({ schema: toSchema(schema), modules });
  const memory = new Memory();
  return {
    memory,
    async run({ type, ops }) {
      const run: Run = { memory, outcomes: [], called: [ops] };
      setRun(run);
      installGlobal();
      try {
        await (type === "query"
          ? t.query(fuzzApi.query, { ops: 0 })
          : t.mutation(fuzzApi.mutation, { ops: 0 }));
      } catch (error) {
        run.outcomes.push({
          op: { kind: "throw" },
          threw: error,
        });
      }
      return run.outcomes.map((outcome) => tell(outcome, memory));
    },
  };
}
