/** What machines and people download, behind CloudFront: the packed data plane, later the console. */
import { RemovalPolicy, Stack, type StackProps, Validations } from "aws-cdk-lib";
import {
  Distribution,
  HttpVersion,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { S3BucketOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  ObjectOwnership,
} from "aws-cdk-lib/aws-s3";
import { BucketDeployment, Source } from "aws-cdk-lib/aws-s3-deployment";
import type { Construct } from "constructs";

export interface Software {
  /** Folder that holds the packed data plane, and nothing else. */
  readonly folder: string;
  readonly fileName: string;
  readonly sha256: string;
}

export class SiteStack extends Stack {
  /** Where a bare machine gets the gateway's program. */
  readonly softwareUrl: string;

  constructor(scope: Construct, id: string, props: StackProps & { software: Software }) {
    super(scope, id, props);
    const { software } = props;
    const shared: BucketProps = {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN,
    };
    const logs = new Bucket(this, "AccessLogs", {
      ...shared,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_PREFERRED,
    });
    const files = new Bucket(this, "Files", {
      ...shared,
      serverAccessLogsBucket: logs,
      serverAccessLogsPrefix: "files/",
    });
    const distribution = new Distribution(this, "Distribution", {
      comment: "HyperMotion: downloads",
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(files),
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        responseHeadersPolicy: ResponseHeadersPolicy.SECURITY_HEADERS,
      },
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: HttpVersion.HTTP2_AND_3,
      enableLogging: true,
      logBucket: logs,
      logFilePrefix: "cloudfront/",
    });
    new BucketDeployment(this, "Software", {
      sources: [Source.asset(software.folder)],
      destinationBucket: files,
      destinationKeyPrefix: `downloads/${software.sha256}`,
      // Gateways of an earlier version may still be starting.
      prune: false,
      memoryLimit: 512,
    });
    this.softwareUrl = `https://${distribution.distributionDomainName}/downloads/${software.sha256}/${software.fileName}`;
    this.acknowledge(distribution);
  }

  private acknowledge(distribution: Distribution): void {
    Validations.of(distribution).acknowledge(
      {
        id: "AwsSolutions-CFR1",
        reason: "Gateways fetch from wherever the target's region is; downloads are public.",
      },
      {
        id: "AwsSolutions-CFR2",
        reason:
          "Static files behind a cache, without any input: nothing for a firewall to look at.",
      },
      {
        id: "AwsSolutions-CFR4",
        reason:
          "CloudFront's own domain allows no other certificate policy. What is fetched is known by its digest, so the way there is not trusted.",
      },
    );
  }
}
