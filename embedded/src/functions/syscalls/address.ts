import { FunctionFailure } from "../failure.js";
import type { FunctionAddress } from "../functionPath.js";
import { optionalString, type SyscallArgs } from "./table.js";

/** The function a syscall names. */
export function addressArg(args: SyscallArgs): FunctionAddress {
  const name = optionalString(args, "name");
  const reference = optionalString(args, "reference");
  const handle = optionalString(args, "functionHandle");
  if (handle !== undefined) {
    return { functionHandle: handle };
  }
  if (reference !== undefined) {
    return { reference };
  }
  if (name !== undefined) {
    return { name };
  }
  throw new FunctionFailure(
    "A function must be named by exactly one of `name`, `reference` and `functionHandle`",
  );
}
