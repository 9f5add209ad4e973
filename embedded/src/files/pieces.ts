import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { EmbeddedError } from "../errors.js";

const PIECE_BYTES = 128 * 1024;
/** Windows has no flag against links, which take rights of their own to make there. */
const READ_ONLY = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/**
 * Opens a file's bytes from `start` (inclusive) to `end` (exclusive), of which one piece at a time is
 * read, when it is asked for. A link in the file's place is not followed.
 */
export async function openPieces(
  path: string,
  start: number,
  end: number,
): Promise<ReadableStream<Uint8Array>> {
  const file = await open(path, READ_ONLY);
  let position = start;
  return new ReadableStream(
    {
      async pull(controller) {
        const size = Math.min(PIECE_BYTES, end - position);
        const piece = new Uint8Array(size);
        const { bytesRead } = await file
          .read(piece, 0, size, position)
          .catch(async (error: unknown) => {
            await file.close();
            throw error;
          });
        position += bytesRead;
        if (bytesRead > 0) controller.enqueue(piece.subarray(0, bytesRead));
        if (position < end && bytesRead > 0) return;
        await file.close();
        if (position < end) {
          throw new EmbeddedError(
            "internal",
            `${path} ends after ${position} bytes, and should have ${end} at least.`,
          );
        }
        controller.close();
      },
      cancel: () => file.close(),
    },
    // Nothing is read ahead: whoever reads slowly holds one piece.
    { highWaterMark: 0 },
  );
}
