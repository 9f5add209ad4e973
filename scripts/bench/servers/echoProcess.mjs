/**
 * The least server in a process of its own, to measure the deployment against: it answers each HTTP
 * request and each WebSocket message with the same small text.
 */
import { createServer } from "node:http";
import process from "node:process";
import { WebSocketServer } from "ws";

const ANSWER = JSON.stringify({ status: "success", value: null, logLines: [] });

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(ANSWER);
  });
});
new WebSocketServer({ server }).on("connection", (socket) => {
  socket.on("message", () => {
    socket.send(ANSWER);
  });
});
server.listen(0, "127.0.0.1", () => {
  process.send?.({ url: `http://127.0.0.1:${server.address().port}` });
});
process.on("disconnect", () => process.exit(0));
