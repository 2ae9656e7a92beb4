// Terraform's S3 backend as far as its credentials go: the same library, called as internal/backend/remote-state/s3 does.
//
// Each line on stdin asks AWS who it is; the answer is a line on stdout: the ARN and the access key that signed, or
// "error: …".
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
)

func main() {
	ctx := context.Background()
	settings := &awsbase.Config{
		CallerDocumentationURL: "https://www.terraform.io/docs/language/settings/backends/s3.html",
		CallerName:             "S3 Backend",
		MaxRetries:             5,
		Region:                 os.Getenv("AWS_REGION"),
		StsEndpoint:            os.Getenv("AWS_ENDPOINT_URL_STS"),
	}
	_, loaded, problems := awsbase.GetAwsConfig(ctx, settings)
	for _, problem := range problems {
		fmt.Println(oneLine("error: " + problem.Summary() + ": " + problem.Detail()))
	}
	if problems.HasError() {
		os.Exit(1)
	}
	account, _, problems := awsbase.GetAwsAccountIDAndPartition(ctx, loaded, settings)
	if problems.HasError() {
		fmt.Println(oneLine("error: " + problems[0].Detail()))
		os.Exit(1)
	}
	fmt.Println("ready " + account)
	client := sts.NewFromConfig(loaded)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		who, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			fmt.Println(oneLine("error: " + err.Error()))
			continue
		}
		keys, err := loaded.Credentials.Retrieve(ctx)
		if err != nil {
			fmt.Println(oneLine("error: " + err.Error()))
			continue
		}
		fmt.Println(*who.Arn + " " + keys.AccessKeyID)
	}
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
