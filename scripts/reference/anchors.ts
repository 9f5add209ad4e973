/** Links to headings within the reference. */

/**
 * The pages with their links mended that number a heading which is the only one of its name: typedoc-plugin-markdown
 * counts members in whose heading the name of their class does not stand.
 * @throws Error for a link that leads nowhere
 */
export function withMendedLinks(
  pages: Map<string, string>,
): Map<string, string> {
  const anchors = new Map(
    [...pages].map(([name, text]) => [name, anchorsOf(text)]),
  );
  return new Map(
    [...pages].map(([name, text]) => [
      name,
      text.replaceAll(LINK, (link, page: string, anchor: string) => {
        const there = anchors.get(page === "" ? name : page);
        if (there?.has(anchor)) return link;
        const plain = anchor.replace(/-\d+$/, "");
        if (there?.has(plain)) return `](${page}#${plain})`;
        throw new Error(
          `${name} of the reference links to ${page}#${anchor}, which is not there.`,
        );
      }),
    ]),
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const LINK = /\]\(([\w.-]*)#([\w-]+)\)/g;

/** The anchors of a page: of its headings, as GitHub numbers them, and those that are written out. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading, id] of text.matchAll(/^#+ (.+)$|<a id="([^"]+)">/gm)) {
    const anchor =
      id ??
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-");
    let name = anchor;
    for (let count = 1; anchors.has(name); count += 1)
      name = `${anchor}-${count}`;
    anchors.add(name);
  }
  return anchors;
}
