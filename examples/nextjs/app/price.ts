/** The same on the server and in any browser, whose languages may differ. */
export function price(cents: number): string {
  return `€${(cents / 100).toFixed(2)}`;
}
