import { expect, expectTypeOf, test } from "vitest";
import { Command } from "../../../cli/commandLine/commander.js";
import { given, type Mismatch } from "../../../cli/commandLine/given.js";

const program = new Command().option("--json", "for programs");
const set = program
  .command("set")
  .option("--if-revision <n>", "only then", Number)
  .option("--tz <zone>", "the zone");

type Of<Taken> = Mismatch<
  Taken,
  ReturnType<typeof set.opts>,
  ReturnType<typeof set.optsWithGlobals>
>;

interface Taken {
  readonly json?: boolean;
  readonly ifRevision?: number;
  readonly tz?: string;
}

test("an option taken as it is declared is no mismatch", () => {
  expectTypeOf<Of<Taken>>().toBeNever();
  expectTypeOf<Of<Omit<Taken, "json">>>().toBeNever();
});

test("an option that differs from its declaration is named", () => {
  // The option is renamed: both names are listed.
  expectTypeOf<
    Of<Omit<Taken, "ifRevision"> & { ifRev?: number }>
  >().toEqualTypeOf<"ifRevision" | "ifRev">();
  expectTypeOf<Of<Omit<Taken, "tz"> & { tz?: number }>>().toEqualTypeOf<"tz">();
  // The option may be left out, but is taken as always given.
  expectTypeOf<Of<Omit<Taken, "tz"> & { tz: string }>>().toEqualTypeOf<"tz">();
});

test("a command is given the program's options with its own", async () => {
  await program.parseAsync(["--json", "set", "--if-revision", "3"], {
    from: "user",
  });
  const options: Taken = given(set);
  expect(options).toEqual({ json: true, ifRevision: 3 });
});
