using System.Buffers;
using System.Text.Json;
using EventLoop.Tests.Processes;

namespace EventLoop.Tests.Executors;

/// <summary>Serializers of the user's: each worker makes its own.</summary>
public sealed class WorkSerializerTests : ProcessTest
{
    private static readonly JsonSerializerOptions Camel = new(JsonSerializerDefaults.Web);

    [Fact]
    public void JSON_with_options_is_refused_where_the_worker_would_go_by_the_defaults() => RunLoop(async () =>
    {
        FluentActions.Invoking(() => new ProcessExecutor(new() { Serializer = new JsonWorkSerializer(Camel) }))
            .Should().Throw<ArgumentException>().WithMessage("*Derive a class*").Which.ParamName.Should().Be(nameof(ProcessExecutorOptions.Serializer));
        FluentActions.Invoking(() => new ProcessExecutor(new() { Serializer = new NeedyJson(Camel) })).Should().Throw<ArgumentException>();
    });

    [Fact]
    public void JSON_with_options_in_a_class_of_the_users_is_the_same_in_the_worker() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1, Serializer = new CamelJson() });
        (await pool.Run(static given => new Named($"{given.Name}!"), new Named("ann"))).Should().Be(new Named("ann!"));
    });

    [Fact]
    public void JSON_with_the_defaults_may_be_named() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1, Serializer = new JsonWorkSerializer() });
        (await pool.Run(static given => new Named($"{given.Name}!"), new Named("ann"))).Should().Be(new Named("ann!"));
    });

    [Fact]
    public void Options_that_name_no_resolver_are_left_as_they_are_and_get_the_default_one()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        var written = new ArrayBufferWriter<byte>();
        new JsonWorkSerializer(options).Serialize(new Named("ann"), written);
        written.WrittenSpan.ToArray().Should().Equal("{\"name\":\"ann\"}"u8.ToArray());
        (options.IsReadOnly, options.TypeInfoResolver).Should().Be((false, null));
    }

    public sealed record Named(string? Name);

    public sealed class CamelJson() : JsonWorkSerializer(Camel);

    public sealed class NeedyJson(JsonSerializerOptions options) : JsonWorkSerializer(options);
}
