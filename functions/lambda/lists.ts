/** Lists of servers that an operator has put into the deployment's bucket. */
import { GetObjectCommand, NoSuchKey, type S3Client } from "@aws-sdk/client-s3";
import { MigrationError } from "#domain/errors.ts";

/** A wave holds at most 500 servers, which is far less. */
const maxBytes = 1024 ** 2;

/** @throws `record.not-found`, `input.too-large` */
export async function readList(client: S3Client, bucket: string, key: string): Promise<string> {
  try {
    const { Body, ContentLength = 0 } = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key }),
    );
    if (ContentLength > maxBytes) throw new MigrationError("input.too-large", { maxBytes });
    return (await Body?.transformToString()) ?? "";
  } catch (error) {
    if (!(error instanceof NoSuchKey)) throw error;
    throw new MigrationError("record.not-found", { kind: "list", id: `s3://${bucket}/${key}` });
  }
}
