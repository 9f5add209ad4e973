import { beforeEach } from "vitest";
import { differenceOf } from "./differences.js";

// A test that differs from the mock on purpose has to fail; vitest reports it if it passes.
beforeEach(({ task }) => {
  if (differenceOf(task.file.filepath, task.name) !== undefined) {
    // As `test.fails` would, which a suite in a package cannot be made to say.
    const mutable: { fails?: boolean | undefined } = task;
    mutable.fails = true;
  }
});
