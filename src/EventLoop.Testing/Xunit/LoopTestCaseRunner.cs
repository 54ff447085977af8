using Xunit.Sdk;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>Hands the tests of a case to the runner that runs them on loops.</summary>
internal sealed class LoopTestCaseRunner : XunitTestCaseRunnerBase<XunitTestCaseRunnerContext, IXunitTestCase, IXunitTest>
{
    private static readonly LoopTestCaseRunner Instance = new();

    internal static async ValueTask<RunSummary> RunAsync(
        IXunitTestCase testCase, ExplicitOption explicitOption, IMessageBus messageBus, object?[] constructorArguments, ExceptionAggregator aggregator, CancellationTokenSource cancellation)
    {
        var tests = await aggregator.RunAsync(testCase.CreateTests, []);
        if (aggregator.ToException() is { } failure)
        {
            return failure.Message.StartsWith(DynamicSkipToken.Value, StringComparison.Ordinal)
                ? XunitRunnerHelper.SkipTestCases(messageBus, cancellation, [testCase], failure.Message[DynamicSkipToken.Value.Length..], sendTestCaseMessages: false)
                : XunitRunnerHelper.FailTestCases(messageBus, cancellation, [testCase], failure, sendTestCaseMessages: false);
        }

        await using var context = new XunitTestCaseRunnerContext(
            testCase, tests, messageBus, aggregator, cancellation, testCase.TestCaseDisplayName, testCase.SkipReason, explicitOption, constructorArguments);
        await context.InitializeAsync();
        return await Instance.Run(context);
    }

    protected override ValueTask<RunSummary> RunTest(XunitTestCaseRunnerContext ctxt, IXunitTest test) =>
        LoopTestRunner.Instance.RunAsync(test, ctxt);
}
