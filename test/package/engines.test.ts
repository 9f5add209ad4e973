/** The oldest Node that the packages name runs all that they need, for use and in a clone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const OLDEST = [20, 19, 0];

interface Package {
  engines?: { node?: string };
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

test("the oldest Node is the same wherever it is named", () => {
  for (const file of ["package.json", "embedded/package.json"]) {
    const { engines } = JSON.parse(read(file)) as Package;
    expect(engines, file).toEqual({ node: ">=20.19" });
  }
  expect(read("README.md")).toContain("Node 20.19 or later");
});

test("the oldest Node satisfies each dependency", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    packages: Record<string, Package>;
  };
  const tooNew = Object.entries(packages)
    .map(([name, { engines }]) => [name, engines?.node ?? "*"] as const)
    .filter(([, range]) => !range.split("||").some(takesOldest));
  expect(tooNew).toEqual([]);
});

/** Whether one alternative of a range, as npm writes them, has the oldest version in it. */
function takesOldest(alternative: string): boolean {
  return (alternative.match(/[<>=^~]*\s*v?[\d*][\w.*-]*/g) ?? []).every(
    (part) => {
      const [, sign, version] = /^([<>=^~]*)\s*v?(.*)$/.exec(part)!;
      const numbers = version!.split(".");
      const order = numbers
        .map((number, i) => OLDEST[i]! - (parseInt(number) || 0))
        .find((difference) => difference !== 0);
      const isSameMajor = parseInt(numbers[0]!) === OLDEST[0];
      if (version === "*") return true;
      if (sign === ">=") return (order ?? 0) >= 0;
      if (sign === ">") return (order ?? 0) > 0;
      if (sign === "<") return (order ?? 0) < 0;
      if (sign === "^") return isSameMajor && (order ?? 0) >= 0;
      return (
        isSameMajor &&
        (numbers.length === 1 || /[x*]/.test(version!) || order === undefined)
      );
    },
  );
}
