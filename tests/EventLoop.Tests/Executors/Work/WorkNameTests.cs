using System.Buffers;
using System.Linq.Expressions;
using System.Reflection;
using System.Text;
using EventLoop.Executors.Work;

namespace EventLoop.Tests.Executors.Work;

public sealed class WorkNameTests
{
    private static readonly JsonWorkSerializer Json = new();

    private readonly int _field = 3;

    private static int Twice(int number) => number * 2;

    private int OfObject(int number) => number + _field;

    private static byte[] Call(Delegate work, Action<IBufferWriter<byte>>? argument = null, Action<ReadOnlyMemory<byte>>? report = null,
        CancellationToken token = default)
    {
        var name = WorkName.Of(work);
        WorkName.Of(work).Should().BeSameAs(name);
        var given = new ArrayBufferWriter<byte>();
        argument?.Invoke(given);
        var result = new ArrayBufferWriter<byte>();
        WorkFunction.Of(name).Run(given.WrittenSpan, new WorkCall(7, token, Json, report), result);
        return result.WrittenSpan.ToArray();
    }

    private static TResult Call<TArgument, TResult>(Delegate work, TArgument argument) =>
        WorkValues.Read<TResult>(Call(work, writer => WorkValues.Write(argument, writer, Json)), Json);

    [Fact]
    public void A_static_method_and_lambdas_that_capture_nothing_are_found_by_their_names()
    {
        Call<int, int>((Func<int, int>)Twice, 4).Should().Be(8);
        Call<int, int>(static (int x) => x + 1, 4).Should().Be(5);
        Call<int, int>((int x) => x + 2, 4).Should().Be(6);
        Call<string, string>(string.Concat(["a", "b"]) is { } ? static (string s) => s + "!" : null!, "hey").Should().Be("hey!");
    }

    [Fact]
    public void One_function_has_one_name_however_many_delegates_of_it_are_made()
    {
        var made = Made<Func<int, int>>(nameof(Twice));
        made.Should().BeSameAs(Made<Func<int, int>>(nameof(Twice))).And.BeSameAs(WorkName.Of((Func<int, int>)Twice));
        made.Should().NotBeSameAs(Made<Converter<int, int>>(nameof(Twice)), "values are sent as what the delegate's type says");
        Generic<int>.Made().Should().BeSameAs(Generic<int>.Made()).And.NotBeSameAs(Generic<long>.Made());

        static WorkName Made<T>(string method)
            where T : Delegate => WorkName.Of(typeof(WorkNameTests).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!.CreateDelegate<T>());
    }

    [Fact]
    public void Lambdas_in_generic_code_are_found_with_their_type_arguments()
    {
        Generic<double>.Of(1.5).Should().Be("Double 1.5");
        Generic<string>.Of("x").Should().Be("String x");
        LocalOf<int, List<string>>(5).Should().Be("Int32 List`1 5");
    }

    private static string LocalOf<T, TOther>(T value) => Call<T, string>(static (T given) => $"{typeof(T).Name} {typeof(TOther).Name} {given}", value);

    private static class Generic<T>
    {
        private static string Name() => typeof(T).Name;

        internal static WorkName Made() =>
            WorkName.Of(typeof(Generic<T>).GetMethod(nameof(Name), BindingFlags.Static | BindingFlags.NonPublic)!.CreateDelegate<Func<string>>());

        internal static string Of(T value) => Call<T, string>(static (T given) => FormattableString.Invariant($"{typeof(T).Name} {given}"), value);
    }

    [Fact]
    public void What_captures_something_is_refused_with_what_it_captures()
    {
        int outside = 3;
        Refusal((int x) => x + outside).Should().Contain("'outside'").And.Contain("Make it static");
        Refusal((int x) => x + _field).Should().Contain("\"this\"");
        Refusal((int x) => x + outside + _field).Should().Contain("'outside'").And.Contain("\"this\"");
        Refusal(OfObject).Should().Contain("\"this\"").And.Contain(nameof(OfObject));
        Refusal((Func<int>)"text".Count).Should().Contain("its first argument");
        CapturesInGenericCode("text").Should().Contain("'value'");

        static string CapturesInGenericCode<T>(T value) => Refusal(() => value);
    }

    [Fact]
    public void What_stands_in_no_file_is_refused()
    {
        Refusal(Expression.Lambda<Func<int>>(Expression.Constant(1)).Compile()).Should().Contain("made at run time");
        Refusal((Func<int, int>)Twice + Twice).Should().Contain("several delegates");
        var loaded = Assembly.Load(File.ReadAllBytes(typeof(FluentAssertions.AssertionOptions).Assembly.Location));
        var method = loaded.GetType("FluentAssertions.FluentActions")!.GetMethod("Invoking", [typeof(Action)])!;
        Refusal(method.CreateDelegate<Func<Action, Action>>()).Should().Contain("from memory");
    }

    private static string Refusal(Delegate work) => FluentActions.Invoking(() => WorkName.Of(work)).Should().Throw<ArgumentException>().Which.Message;

    [Fact]
    public void Another_build_and_an_assembly_that_is_not_there_are_told_with_both_versions()
    {
        var name = WorkName.Of((Func<int, int>)Twice);
        var other = name with { Build = Guid.NewGuid(), Version = "9.9" };
        FluentActions.Invoking(() => other.Resolve()).Should().Throw<WorkVersionException>().Which.Message
            .Should().Contain("9.9").And.Contain(name.Version).And.Contain($"{name.Build:N}").And.Contain($"{other.Build:N}").And.Contain(nameof(Twice));
        FluentActions.Invoking(() =>
            (name with { Assembly = "Missing.Assembly" }).Resolve()).Should().Throw<WorkVersionException>().WithMessage("*Missing.Assembly*does not have*");
    }

    [Fact]
    public void Every_signature_runs()
    {
        Call(static () => { }).Should().BeEmpty();
        Call<int, int>(static (int x) => x, 1).Should().Be(1);
        Call((Action<int>)(static _ => { }), writer => WorkValues.Write(1, writer, Json)).Should().BeEmpty();
        Call<int, int>(static (int x, WorkerContext context) => x + context.WorkerId, 1).Should().Be(8);
        Call<int, int>(static async Coroutine<int> (int x) =>
        {
            await Loop.Yield();
            return x + 1;
        }, 1).Should().Be(2);
        Call<int, int>(static async Task<int> (int x) =>
        {
            await Task.Yield();
            return x + 2;
        }, 1).Should().Be(3);
        Call<int, int>(static async Coroutine<int> (int x, WorkerContext context) => x + context.WorkerId, 1).Should().Be(8);
        Call(static async Coroutine () => await Loop.Yield()).Should().BeEmpty();
        Call(static async Task () => await Task.Yield()).Should().BeEmpty();
        FluentActions.Invoking(() => WorkFunction.Of(static (int a, int b, int c) => a)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Progress_comes_in_its_order_before_the_result()
    {
        var seen = new List<int>();
        Call(
            static (int count, WorkerContext<int> context) =>
            {
                for (int i = 0; i < count; i++)
                {
                    context.Report(i);
                }

                return "done";
            },
            writer => WorkValues.Write(3, writer, Json),
            progress => seen.Add(WorkValues.Read<int>(progress.Span, Json)));
        seen.Should().Equal(0, 1, 2);
    }

    [Fact]
    public void Raw_values_come_back_as_they_were_and_bypass_the_serializer()
    {
        RoundTrip(5L, raw: true);
        RoundTrip(double.NaN, raw: true);
        RoundTrip((1, 2.5, 'x'), raw: true);
        RoundTrip<int?>(null, raw: true);
        RoundTrip(Guid.NewGuid(), raw: true);
        RoundTrip(DateTime.UtcNow, raw: true);
        RoundTrip(DayOfWeek.Friday, raw: true);
        RoundTrip("text \ud800 with half a pair", raw: true);
        RoundTrip("", raw: true);
        RoundTrip<string?>(null, raw: true);
        RoundTrip(new byte[] { 1, 2, 3 }, raw: true);
        RoundTrip<byte[]?>(null, raw: true);
        RoundTrip(Array.Empty<double>(), raw: true);
        RoundTrip(new[] { 1.5, double.PositiveInfinity }, raw: true);
        RoundTrip(new[] { (1, true), (2, false) }, raw: true);
        RoundTrip(new[] { 'a', 'b' }, raw: true);
        WorkValues.Read<ReadOnlyMemory<byte>>(Written<ReadOnlyMemory<byte>>(new byte[] { 1, 2 }), Json).ToArray().Should().Equal(1, 2);
    }

    [Fact]
    public void Other_values_go_by_JSON_with_fields_and_with_numbers_that_are_none()
    {
        RoundTrip(("a", 1), raw: false);
        RoundTrip(new List<double> { 1, double.NaN, double.NegativeInfinity }, raw: false);
        RoundTrip(new Dictionary<string, int[]> { ["x"] = [1, 2] }, raw: false);
        RoundTrip<List<int>?>(null, raw: false);
    }

    private static byte[] Written<T>(T value)
    {
        var written = new ArrayBufferWriter<byte>();
        WorkValues.Write(value, written, Json);
        return written.WrittenSpan.ToArray();
    }

    private static void RoundTrip<T>(T value, bool raw)
    {
        WorkValues.IsRaw<T>().Should().Be(raw, $"of {typeof(T)}");
        object? back = WorkValues.Read<T>(Written(value), Json);
        if (value is System.Collections.IEnumerable and not string)
        {
            back.Should().BeEquivalentTo(value);
        }
        else
        {
            back.Should().Be(value);
        }
    }

    // ---- Failures

    [Fact]
    public void What_work_threw_is_the_same_type_again_with_its_stack()
    {
        var back = Back(static () => throw new InvalidDataException("boom"));
        back.Should().BeOfType<InvalidDataException>().Which.Message.Should().Be("boom");
        back.StackTrace.Should().Contain(nameof(What_work_threw_is_the_same_type_again_with_its_stack));
    }

    [Fact]
    public void What_cannot_be_made_again_is_told_with_its_type_and_message()
    {
        var back = Back(static () => throw new Odd(3)).Should().BeOfType<WorkerTaskException>().Subject;
        back.ExceptionType.Should().Contain(nameof(Odd));
        back.Message.Should().Contain("odd 3");
        Back(static () => throw new Sick()).Should().BeOfType<WorkerTaskException>().Which.Message.Should().Contain("cannot be read");
        Back(static () => throw new ArgumentException("bad", "name", new FormatException("inside"))).StackTrace.Should().Contain("inside");
    }

    private static Exception Back(Action work)
    {
        try
        {
            work();
            return new InvalidOperationException("nothing was thrown");
        }
        catch (Exception thrown)
        {
            return WorkFailure.Of(thrown).ToException();
        }
    }

    private sealed class Odd(int number) : Exception($"odd {number}");

    private sealed class Sick : Exception
    {
        public override string Message => throw new FormatException();
    }
}
