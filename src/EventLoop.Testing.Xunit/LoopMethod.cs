using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using EventLoop.Scheduling;
using EventLoop.Testing.Running;
using Xunit;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>A test method as xunit sees it: when invoked, it runs the user's method on fresh loops, on a thread of its own, as often as the attribute says,
/// and returns the <see cref="Task"/> of that.</summary>
/// <param name="method">The user's.</param>
/// <param name="settings">The attribute's.</param>
/// <param name="timeout">The time limit of each run in milliseconds: that of a theory's row, where it has one, and otherwise the attribute's; 0: the
/// default.</param>
internal sealed class LoopMethod(MethodInfo method, ILoopTest settings, int timeout) : MethodInfo
{
    // Added to the test's own time limit, which a loop that never returns from a step cannot keep.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    internal static IXunitTestMethod InPlaceOf(XunitTest test)
    {
        var method = test.TestMethod;
        return new XunitTestMethod(
            method.TestClass, new LoopMethod(method.Method, method.FactAttributes.OfType<ILoopTest>().First(), test.Timeout), method.TestMethodArguments,
            method.UniqueID);
    }

    public override object Invoke(object? obj, BindingFlags invokeAttr, Binder? binder, object?[]? parameters, CultureInfo? culture) =>
        RunAsync(obj, parameters ?? []);

    private async Task RunAsync(object? instance, object?[] arguments)
    {
        if (method.ReturnType == typeof(void) && method.IsDefined(typeof(AsyncStateMachineAttribute), inherit: false))
        {
            throw new InvalidOperationException($"{method.Name} is async void: nobody can await it, and it would pass at its first await. Let it return "
                + "Coroutine or Task.");
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var runs = new SeededRuns(settings, timeout, method, arguments, instance);
        var thread = new Thread(() =>
        {
            try
            {
                runs.Run();
                ended.SetResult();
            }
            catch (Exception failure)
            {
                ended.SetException(failure);
            }
        })
        {
            IsBackground = true,
            Name = $"{method.DeclaringType?.Name}.{method.Name}",
        };
        thread.Start();
        try
        {
            await ended.Task.WaitAsync(SystemWait.Limit(runs.LimitOfAll, Patience));
        }
        catch (TimeoutException) when (!ended.Task.IsCompleted)
        {
            string why = LeftBehind(runs.Current);
            runs.CancelToken();
            throw new TestLoopException(why);
        }
        catch (Exception failure) when (Tell(failure))
        {
            throw;      // never reached: the call above only reports
        }
    }

    // In the test's output: its message remains its own.
    private static bool Tell(Exception failure)
    {
        for (var told = failure; told is not null; told = told.InnerException)
        {
            if (told.Data["EventLoop.Inside"] is string inside)
            {
                TestContext.Current.TestOutputHelper?.WriteLine(inside);
                break;
            }
        }

        return false;
    }

    /// <summary>Says why the thread of a test was left behind.</summary>
    /// <param name="loop">That of its latest run; null: there was none yet.</param>
    internal static string LeftBehind(Loop? loop)
    {
        var snapshot = loop is { IsRunning: true } ? loop.TakeSnapshot() : null;
        return snapshot?.Running is null
            ? "The test has not ended long after its time limit, so that its thread was left behind: what runs there outside of its loop (the making or the "
                + "cleanup of its object, a finalizer) loops or blocks."
            : "The test has not come back from a step for so long that its thread was left behind: it loops or blocks without awaiting.\n"
                + snapshot.ToText(Diagnostics.SnapshotView.ByOwner);
    }

    // ---- In everything else it is the user's method

    public override Type ReturnType => typeof(Task);

    public override ParameterInfo ReturnParameter => method.ReturnParameter;

    public override string Name => method.Name;

    public override Type? DeclaringType => method.DeclaringType;

    public override Type? ReflectedType => method.ReflectedType;

    public override Module Module => method.Module;

    public override int MetadataToken => method.MetadataToken;

    public override MethodAttributes Attributes => method.Attributes;

    public override RuntimeMethodHandle MethodHandle => method.MethodHandle;

    public override ICustomAttributeProvider ReturnTypeCustomAttributes => method.ReturnTypeCustomAttributes;

    public override MethodInfo GetBaseDefinition() => method.GetBaseDefinition();

    public override MethodImplAttributes GetMethodImplementationFlags() => method.GetMethodImplementationFlags();

    public override ParameterInfo[] GetParameters() => method.GetParameters();

    public override object[] GetCustomAttributes(bool inherit) => method.GetCustomAttributes(inherit);

    public override object[] GetCustomAttributes(Type attributeType, bool inherit) => method.GetCustomAttributes(attributeType, inherit);

    public override IList<CustomAttributeData> GetCustomAttributesData() => method.GetCustomAttributesData();

    public override bool IsDefined(Type attributeType, bool inherit) => method.IsDefined(attributeType, inherit);

    public override string? ToString() => method.ToString();
}
