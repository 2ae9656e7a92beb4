// The AWS SDK for JavaScript: each line on stdin asks AWS who it is; the answer is a line on stdout, the ARN and the
// access key that signed, or "error: …". `container` takes the container provider alone, else the SDK's own chain.
import { createInterface } from "node:readline";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromContainerMetadata } from "@aws-sdk/credential-providers";

const settings = process.argv[2] === "container" ? { credentials: fromContainerMetadata() } : {};
const client = new STSClient(settings);
console.log("ready");
for await (const _ of createInterface({ input: process.stdin })) {
  try {
    const who = await client.send(new GetCallerIdentityCommand({}));
    const keys = await client.config.credentials();
    console.log(`${who.Arn} ${keys.accessKeyId}`);
  } catch (error) {
    console.log(`error: ${error.name}: ${error.message}`.replace(/\s+/g, " "));
  }
}
