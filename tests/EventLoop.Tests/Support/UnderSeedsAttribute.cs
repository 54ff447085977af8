using System.Reflection;
using System.Runtime.ExceptionServices;
using Xunit.v3;

namespace EventLoop.Tests.Support;

/// <summary>
/// Each test of the class, once it has passed first in, first out, is repeated under so many seeded schedules, each time with a fresh test object:
/// what the library promises it promises under every order of what is ready at the same time.
/// </summary>
/// <param name="count">How many; the seeds are 0, 1, 2...</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class UnderSeedsAttribute(int count) : BeforeAfterTestAttribute
{
    private static readonly AsyncLocal<int?> Ambient = new();

    /// <summary>The seed of the repetition that runs now; null in the first run.</summary>
    public static int? Seed => Ambient.Value;

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (TestContext.Current.TestState is { Result: not TestResult.Passed } || methodUnderTest.IsDefined(typeof(OneScheduleAttribute), inherit: false))
        {
            return;
        }

        Task.Run(() => Repeat(methodUnderTest, test)).GetAwaiter().GetResult();
    }

    private async Task Repeat(MethodInfo method, IXunitTest test)
    {
        for (int seed = 0; seed < count; seed++)
        {
            Ambient.Value = seed;
            object instance = Activator.CreateInstance(method.ReflectedType!)!;
            try
            {
                object? result = method.Invoke(instance, BindingFlags.DoNotWrapExceptions, null, test.TestMethodArguments, null);
                if (result is Task task)
                {
                    await task;
                }
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The test fails under the schedule with seed {seed}: {failure.Message}", failure);
            }
            finally
            {
                (instance as IDisposable)?.Dispose();
            }
        }
    }
}

/// <summary>The test is not repeated under seeds.</summary>
/// <param name="reason">Why not.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneScheduleAttribute(string reason) : Attribute
{
    public string Reason => reason;
}

/// <summary>The test, or each of the class, needs the system's clock: it measures, or what it waits for comes from the system.</summary>
/// <param name="reason">Why.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RealTimeAttribute(string reason) : Attribute
{
    public string Reason => reason;
}
