using System.Reflection;
using System.Reflection.Emit;

namespace AiShell.Tests.Architecture;

/// <summary>
/// Every type that a type names, as compiled: in what it derives from, in its members and in the bodies of its methods,
/// lambdas and iterators. Only inlined constants leave no trace.
/// </summary>
internal static class TypeReferences
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    /// <summary>Types declared inside another count as it; generic types as their definition.</summary>
    public static HashSet<Type> Of(Type type)
    {
        var found = new HashSet<Type>();
        AddDeclared(found, type);
        found.Remove(Outermost(type));
        return found;
    }

    public static Type Outermost(Type type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return type;
    }

    private static void AddDeclared(HashSet<Type> found, Type type)
    {
        Add(found, type.BaseType);
        Array.ForEach(type.GetInterfaces(), one => Add(found, one));
        foreach (FieldInfo field in type.GetFields(All))
        {
            Add(found, field.FieldType);
        }

        foreach (MethodBase method in type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)))
        {
            AddSignature(found, method);
            AddBody(found, method);
        }

        Array.ForEach(type.GetNestedTypes(All), nested => AddDeclared(found, nested));
    }

    private static void AddSignature(HashSet<Type> found, MethodBase method)
    {
        Add(found, (method as MethodInfo)?.ReturnType);
        Array.ForEach(method.GetParameters(), parameter => Add(found, parameter.ParameterType));
        if (method.IsGenericMethod)
        {
            Array.ForEach(method.GetGenericArguments(), one => Add(found, one));
        }
    }

    private static void AddBody(HashSet<Type> found, MethodBase method)
    {
        if (method.GetMethodBody() is not { } body)
        {
            return;
        }

        foreach (LocalVariableInfo local in body.LocalVariables)
        {
            Add(found, local.LocalType);
        }

        foreach (ExceptionHandlingClause clause in body.ExceptionHandlingClauses.Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause))
        {
            Add(found, clause.CatchType);
        }

        foreach (int token in TokensOf(body.GetILAsByteArray()!))
        {
            AddMember(found, method.Module.ResolveMember(token, ArgumentsOf(method.DeclaringType), ArgumentsOf(method)));
        }
    }

    private static void AddMember(HashSet<Type> found, MemberInfo? member)
    {
        switch (member)
        {
            case Type type:
                Add(found, type);
                break;
            case FieldInfo field:
                Add(found, field.DeclaringType);
                Add(found, field.FieldType);
                break;
            case MethodBase called:
                Add(found, called.DeclaringType);
                AddSignature(found, called);
                break;
        }
    }

    private static Type[]? ArgumentsOf(MemberInfo? member) => member switch
    {
        Type { IsGenericType: true } type => type.GetGenericArguments(),
        MethodBase { IsGenericMethod: true } method => method.GetGenericArguments(),
        _ => null,
    };

    /// <summary>The operands that are metadata tokens of members; ECMA-335, partition III.</summary>
    private static IEnumerable<int> TokensOf(byte[] code)
    {
        for (int at = 0; at < code.Length;)
        {
            short value = code[at] == 0xFE ? (short)(0xFE00 | code[at + 1]) : code[at];
            OpCode operation = OpCodesByValue[value];
            at += operation.Size;
            if (operation.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
            {
                yield return BitConverter.ToInt32(code, at);
            }

            at += operation.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
    }

    private static void Add(HashSet<Type> found, Type? type)
    {
        while (type is { HasElementType: true })
        {
            type = type.GetElementType();
        }

        if (type is null || type.IsGenericParameter)
        {
            return;
        }

        if (type.IsGenericType)
        {
            Array.ForEach(type.GetGenericArguments(), argument => Add(found, argument));
        }

        found.Add(Outermost(type.IsGenericType ? type.GetGenericTypeDefinition() : type));
    }
}
