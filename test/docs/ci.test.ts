/** docs/ci.md has the exit codes of the code and the version of the package, and its files for schedulers are YAML that keeps keys out. */
import { expect, test } from "vitest";
import { parse } from "yaml";
import { EXIT_CODES } from "../../cli/errors.js";
import { VERSION } from "../../convex/sessionTracker/shared/version.js";
import { codeBlocks, readDocument } from "./markdown.js";

const PAGE = "docs/ci.md";

test("the table of exit codes is the one of the code", () => {
  const rows = [...readDocument(PAGE).matchAll(/^\| (\d) +\| ([^|]*)\|/gm)];
  const shown = rows.flatMap(([, exitCode, codes = ""]) =>
    [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => [code, Number(exitCode)]),
  );
  expect(Object.fromEntries(shown)).toEqual(EXIT_CODES);
  expect(rows.map(([, exitCode]) => Number(exitCode))).toEqual(
    [...new Set([0, ...Object.values(EXIT_CODES)])].sort(),
  );
});

test("the version that jobs install is this one", () => {
  const named = readDocument(PAGE).match(/sessions-ops@[\d.]+/g) ?? [];
  expect(named.length).toBeGreaterThan(2);
  expect([...new Set(named)]).toEqual([`sessions-ops@${VERSION}`]);
});

test("the files for schedulers are YAML, whose keys come from secrets, and which try again what another try may mend", () => {
  const files = codeBlocks(PAGE)
    .filter(({ language }) => language === "yaml")
    .map(
      ({ code }) => parse(code, { strict: true }) as Record<string, unknown>,
    );
  expect(files).toHaveLength(3);
  const [gitHub, gitLab, kubernetes] = files;
  expect(gitHub).toMatchObject({
    concurrency: { "cancel-in-progress": false },
    jobs: {
      purge: { env: { CONVEX_DEPLOY_KEY: "${{ secrets.CONVEX_DEPLOY_KEY }}" } },
    },
  });
  expect(gitLab).toMatchObject({
    "purge-sessions": {
      retry: { exit_codes: [EXIT_CODES.unreachable] },
      resource_group: "purge-sessions",
    },
  });
  const failing = Object.values(EXIT_CODES).filter(
    (code) => code !== EXIT_CODES.unreachable,
  );
  expect(kubernetes).toMatchObject({
    kind: "CronJob",
    spec: {
      concurrencyPolicy: "Forbid",
      jobTemplate: {
        spec: {
          podFailurePolicy: {
            rules: [
              {
                action: "FailJob",
                onExitCodes: { values: [...new Set(failing)].sort() },
              },
            ],
          },
          template: { spec: { restartPolicy: "Never" } },
        },
      },
    },
  });
});
