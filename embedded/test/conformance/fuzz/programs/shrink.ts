import { compare, type Disagreement } from "../compare.js";
import type { Op, Program, Step } from "./program.js";

/** Leaves out every step and operation that a disagreement does not need. */
export async function shrink(
  program: Program,
  { step }: Disagreement,
): Promise<{ program: Program; text: string }> {
  let steps = program.steps.slice(0, step + 1);
  let text = "";
  const stillFails = async (candidate: readonly Step[]) => {
    const found = await compare({ ...program, steps: candidate });
    if (found !== undefined) text = found.text;
    return found !== undefined;
  };
  await stillFails(steps);
  for (let again = true; again;) {
    again = false;
    for (const candidate of smaller(steps)) {
      if (await stillFails(candidate)) {
        steps = candidate;
        again = true;
        break;
      }
    }
  }
  return { program: { ...program, steps }, text };
}

/** The programs with one step, or one operation, less. */
function* smaller(steps: readonly Step[]): Generator<Step[]> {
  for (const index of steps.keys()) yield without(steps, index);
  for (const [index, step] of steps.entries()) {
    for (const ops of fewer(step.ops))
      yield steps.with(index, { ...step, ops });
  }
}

function* fewer(ops: readonly Op[]): Generator<Op[]> {
  for (const index of ops.keys()) yield without(ops, index);
  for (const [index, op] of ops.entries()) {
    if (!("ops" in op)) continue;
    for (const inner of fewer(op.ops))
      yield ops.with(index, { ...op, ops: inner });
  }
}

function without<T>(items: readonly T[], index: number): T[] {
  return items.toSpliced(index, 1);
}
