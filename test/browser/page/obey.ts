/** Does what a test says to which no debugger connects this page. */
export async function obey(remote: string): Promise<never> {
  for (let said = ""; ;) {
    const asked = await fetch(remote, { method: "POST", body: said });
    said = JSON.stringify(await does(await asked.text()));
  }
}

async function does(code: string) {
  try {
    return { value: (await globalThis.eval(code)) as unknown };
  } catch (error) {
    return { error: String(error) };
  }
}
