/** A bucket as all of ours are: closed to the world, encrypted, kept when its stack goes. */
import { RemovalPolicy } from "aws-cdk-lib";
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type IBucket,
} from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";

export function addBucket(scope: Construct, id: string, props: BucketProps = {}): IBucket {
  const bucket = new Bucket(scope, id, {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    removalPolicy: RemovalPolicy.RETAIN,
    ...props,
  });
  // Its `isWebsite` may be absent, which CDK's own interface does not say.
  return bucket as IBucket;
}
