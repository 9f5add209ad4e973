/**
 * `npm run lint:packages`: packs both packages as they are built, and has publint and
 * are-the-types-wrong judge what would be published.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PACKAGES = [".", "./embedded"];
const JUDGES = [
  ["publint", "--strict"],
  // Both packages are ESM only.
  ["attw", "--profile", "esm-only"],
] as const;

const folder = mkdtempSync(join(tmpdir(), "sessions-ops-packed-"));
try {
  const tarballs = PACKAGES.map((name) => join(folder, pack(name)));
  for (const [tool, ...options] of JUDGES) {
    for (const tarball of tarballs) {
      const command = ["--no-install", tool, ...options, tarball];
      const { status } = spawnSync("npx", command, { stdio: "inherit" });
      if (status !== 0) process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Packs the package into the folder. @returns the tarball's name */
function pack(packageFolder: string): string {
  const answer = execFileSync(
    "npm",
    // The package's scripts would build it once more.
    [
      "pack",
      "--ignore-scripts",
      "--json",
      "--pack-destination",
      folder,
      packageFolder,
    ],
    { encoding: "utf8" },
  );
  const [packed] = JSON.parse(answer) as [{ filename: string }];
  return packed.filename;
}
