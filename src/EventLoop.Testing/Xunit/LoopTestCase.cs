using System.ComponentModel;
using Xunit.Sdk;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>A test, or one row of a theory, that runs on a loop.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class LoopTestCase : XunitTestCase, ISelfExecutingXunitTestCase
{
    /// <summary>For deserialization only.</summary>
    [Obsolete("For deserialization only")]
    public LoopTestCase()
    {
    }

    private LoopTestCase(
        IXunitTestMethod testMethod, string displayName, string uniqueId, bool @explicit, Type[]? skipExceptions, string? skipReason, Type? skipType, string? skipUnless, string? skipWhen,
        Dictionary<string, HashSet<string>> traits, object?[]? arguments, string? sourceFilePath, int? sourceLineNumber)
        : base(testMethod, displayName, uniqueId, @explicit, skipExceptions, skipReason, skipType, skipUnless, skipWhen, traits, arguments, sourceFilePath, sourceLineNumber)
    {
    }

    internal static LoopTestCase Of(
        IXunitTestMethod resolved, string displayName, string uniqueId, bool @explicit, Type[]? skipExceptions, string? skipReason, Type? skipType, string? skipUnless, string? skipWhen,
        string? sourceFilePath, int? sourceLineNumber, IXunitTestMethod method, object?[]? arguments) =>
        new(resolved, displayName, uniqueId, @explicit, skipExceptions, skipReason, skipType, skipUnless, skipWhen, TraitsOf(method), arguments, sourceFilePath, sourceLineNumber);

    internal static Dictionary<string, HashSet<string>> TraitsOf(IXunitTestMethod method) =>
        method.Traits.ToDictionary(static trait => trait.Key, static trait => trait.Value.ToHashSet(StringComparer.OrdinalIgnoreCase), StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public ValueTask<RunSummary> Run(
        ExplicitOption explicitOption, IMessageBus messageBus, object?[] constructorArguments, ExceptionAggregator aggregator, CancellationTokenSource cancellationTokenSource) =>
        LoopTestCaseRunner.RunAsync(this, explicitOption, messageBus, constructorArguments, aggregator.Clone(), cancellationTokenSource);
}

/// <summary>A theory whose rows are made when it runs, each of them on a loop.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class LoopTheoryTestCase : XunitDelayEnumeratedTheoryTestCase, ISelfExecutingXunitTestCase
{
    /// <summary>For deserialization only.</summary>
    [Obsolete("For deserialization only")]
    public LoopTheoryTestCase()
    {
    }

    internal LoopTheoryTestCase(
        IXunitTestMethod testMethod, string displayName, string uniqueId, bool @explicit, bool skipTestWithoutData, Type[]? skipExceptions, string? skipReason, Type? skipType, string? skipUnless,
        string? skipWhen, Dictionary<string, HashSet<string>> traits, string? sourceFilePath, int? sourceLineNumber)
        : base(testMethod, displayName, uniqueId, @explicit, skipTestWithoutData, skipExceptions, skipReason, skipType, skipUnless, skipWhen, traits, sourceFilePath, sourceLineNumber)
    {
    }

    /// <inheritdoc/>
    public ValueTask<RunSummary> Run(
        ExplicitOption explicitOption, IMessageBus messageBus, object?[] constructorArguments, ExceptionAggregator aggregator, CancellationTokenSource cancellationTokenSource) =>
        LoopTestCaseRunner.RunAsync(this, explicitOption, messageBus, constructorArguments, aggregator.Clone(), cancellationTokenSource);
}
