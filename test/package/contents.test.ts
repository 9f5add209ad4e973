/** What npm would publish of the two packages, as they are built. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

interface Package {
  folder: string;
  /** What each file that an app needs is below, or is itself. */
  places: string[];
}

const PACKAGES: Package[] = [
  {
    folder: ".",
    places: [
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "client/",
      "convex/sessionTracker/",
      "dist/cli/",
      "dist/client/",
      "dist/convex/sessionTracker/",
      "dist/dashboard/",
      "dist/react/",
      "docker/",
      "docs/cli.schema.json",
      "docs/for-agents.md",
      "docs/operating.md",
      "package.json",
      "react/",
    ],
  },
  {
    folder: "embedded",
    places: ["LICENSE", "README.md", "dist/", "docs/", "package.json", "src/"],
  },
];

test.each(PACKAGES)(
  "npm publishes of $folder what an app needs and nothing else",
  ({ folder, places }) => {
    const files = packed(folder);
    const placeOf = (file: string) =>
      places.find((place) =>
        place.endsWith("/") ? file.startsWith(place) : file === place,
      ) ?? file;
    expect([...new Set(files.map(placeOf))].sort()).toEqual(places);
    expect(files.filter((file) => /\.test\.|tsbuildinfo/.test(file))).toEqual(
      [],
    );
  },
);

test.each(PACKAGES)(
  "what the exports of $folder name is in the package",
  ({ folder }) => {
    const files = new Set(packed(folder));
    const manifest = JSON.parse(
      readFileSync(join(ROOT, folder, "package.json"), "utf8"),
    ) as { exports: object; bin?: object };
    const named = [
      ...leaves(manifest.exports),
      ...leaves(manifest.bin ?? {}),
    ].map((path) => posix.normalize(path));
    expect(named.filter((path) => !files.has(path))).toEqual([]);
  },
);

test.each(PACKAGES)(
  "every declaration of $folder leads an editor to a source in the package",
  ({ folder }) => {
    const files = packed(folder);
    const maps = files.filter((file) => file.endsWith(".d.ts.map"));
    expect(maps.length).toBeGreaterThan(10);
    const lost = maps.flatMap((file) => {
      const { sources } = JSON.parse(
        readFileSync(join(ROOT, folder, file), "utf8"),
      ) as { sources: string[] };
      return sources
        .map((source) => posix.join(posix.dirname(file), source))
        .filter((source) => !files.includes(source));
    });
    expect(lost).toEqual([]);
  },
);

/** The files that npm would publish, by their path in the package. */
function packed(folder: string): string[] {
  const answer = execFileSync(
    "npm",
    ["pack", "--dry-run", "--ignore-scripts", "--json"],
    {
      cwd: join(ROOT, folder),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const [list] = JSON.parse(answer) as [{ files: { path: string }[] }];
  return list.files.map(({ path }) => path);
}

function leaves(value: unknown): string[] {
  return typeof value === "string"
    ? [value]
    : Object.values(value as object).flatMap(leaves);
}
