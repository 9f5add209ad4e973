import { CliError } from "../errors.js";

/** What is said of the file that keeps what a run deletes. */
export interface ArchiveOptions {
  readonly archive?: string;
  readonly withoutIds?: boolean;
}

/** @throws usage, where something is said of a file that is not named */
export function checkArchive({ archive, withoutIds }: ArchiveOptions): void {
  if (!withoutIds || archive !== undefined) return;
  throw new CliError(
    "usage",
    "--without-ids is about the file of --archive FILE, which is not given. Name one, or leave it out.",
  );
}
