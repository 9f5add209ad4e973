import { Buffer } from "node:buffer";
import { request } from "node:http";
import { URL } from "node:url";

/** Sends a call of a mutation over kept connections, however many others wait, and returns the answer's text. */
export function post(url, agent, body) {
  return new Promise((resolve, reject) => {
    const asking = request(
      new URL("/api/mutation", url),
      {
        method: "POST",
        agent,
        headers: {
          "Content-Type": "application/json",
          "Content-Length": Buffer.byteLength(body),
        },
      },
      (response) => {
        let answer = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => {
          answer += chunk;
        });
        response.on("end", () => resolve(answer));
        response.on("error", reject);
      },
    );
    asking.on("error", (error) => {
      // The server had just closed the kept connection, unused as it was: as browsers do, by another one.
      if (asking.reusedSocket && error.code === "ECONNRESET") {
        resolve(post(url, agent, body));
      } else {
        reject(error);
      }
    });
    asking.end(body);
  });
}
