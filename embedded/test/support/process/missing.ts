/**
 * Prints to stderr why tests are left out, which vitest does not show of a suite that it skips.
 * @param why `null` where nothing is missing
 * @throws in CI where `isRequired`: `.ci/run` installs it, so that there they do run
 * @returns whether they are left out
 */
export function isMissing(
  why: string | null,
  { isRequired }: { isRequired: boolean },
): boolean {
  if (why === null) return false;
  if (isRequired && process.env["CI"]) throw new Error(why);
  process.stderr.write(`Skipped: ${why}\n`);
  return true;
}
